#!/usr/bin/env python3
"""Kills, stops and disturbs pmp, its gdbs and the target, and checks the target: `make torture`.

    tests/stress/torture.py [--seed S] [--seconds T] [--cases N] [--jobs J] [--rows REGEX]
                            [--case N] [--scale F] [-v]

The table has a row for each fault, moment and mode (torture_table.py), and the rows of
torture_situations.py. The rows run in an order and with delays and targets drawn from the seed, and
again, until T seconds have passed or N cases are done. A case depends only on the seed and its
number: `--seed S --case N` repeats it. The last line is "N targets, N unharmed"; the exit code is 1
if one was harmed.
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

import torture_situations as situations  # noqa: E402
import torture_storms as storms  # noqa: E402
import torture_table as table  # noqa: E402
import torture_tracers as tracers  # noqa: E402
import victims  # noqa: E402

CASE_LIMIT = 120  # seconds; each wait in a case has a shorter limit


def row_of(seed, number, rows):
    """The row of a case. Each lap has every row once."""
    lap, place = divmod(number, len(rows))
    order = list(range(len(rows)))
    random.Random("%s/lap/%d" % (seed, lap)).shuffle(order)
    return rows[order[place]]


def run_case(seed, number, rows):
    """Runs one case; returns its results, for a line of JSON."""
    row = row_of(seed, number, rows)
    case = table.Case(row, random.Random("%s/%d" % (seed, number)))
    start = time.monotonic()
    try:
        case.run()
    except Exception:  # any exception: the case has failed, the others go on
        case.harm.append(traceback.format_exc())
    finally:
        case.end()
    return {"case": number, "row": row.name, "fault": row.fault, "moment": row.moment,
            "mode": row.mode, "targets": case.targets, "harm": case.harm, "notes": case.notes,
            "missed": case.missed, "cleanup_seconds": case.cleanup_seconds,
            "seconds": time.monotonic() - start}


def work(seed, rows):
    """A worker process: reads case numbers, writes results. It is the subreaper of its cases."""
    victims.be_subreaper()
    table.mount_private_tmp()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the case cleans up
    for line in sys.stdin:
        print(json.dumps(run_case(seed, int(line), rows)), flush=True)


class Run:
    def __init__(self, options, rows):
        self.options, self.rows = options, rows
        self.results, self.lock, self.next = [], threading.Lock(), 0
        self.deadline = time.monotonic() + options.seconds

    def take(self):
        with self.lock:
            if self.next >= self.options.cases or time.monotonic() > self.deadline:
                return None
            self.next += 1
            return self.next - 1

    def serve(self):
        """Gives case after case to one worker; starts a new worker if a case does not end."""
        worker = None
        while (number := self.take()) is not None:
            if worker is None:
                worker = self.start()
            killer = threading.Timer(CASE_LIMIT, worker.kill)
            killer.start()
            try:
                worker.stdin.write("%d\n" % number)
                line = worker.stdout.readline()
            except BrokenPipeError:
                line = ""
            killer.cancel()
            if not line:
                worker.kill()
                worker.wait()
                worker = None
            self.note(json.loads(line) if line else self.lost(number))
        if worker:
            worker.stdin.close()
            worker.wait()
            worker.stdout.close()

    def start(self):
        argv = [sys.executable, os.path.abspath(__file__), "--worker", "--seed", self.options.seed,
                "--scale", str(self.options.scale)]
        if self.options.rows:
            argv += ["--rows", self.options.rows]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                bufsize=1)

    def lost(self, number):
        row = row_of(self.options.seed, number, self.rows)
        return {"case": number, "row": row.name, "fault": row.fault, "moment": row.moment,
                "mode": row.mode, "targets": 1,
                "harm": ["the case did not end within %d s" % CASE_LIMIT], "notes": [],
                "missed": False, "cleanup_seconds": 0, "seconds": CASE_LIMIT}

    def note(self, result):
        with self.lock:
            self.results.append(result)
            if result["harm"]:
                print("HARM %s" % "\n     ".join(
                    [self.name(result)] + "\n".join(result["harm"]).splitlines()), flush=True)
            if self.options.verbose:
                print("%s: %.1f s, last process ended after %.2f s%s%s" % (
                    self.name(result), result["seconds"], result["cleanup_seconds"],
                    ", missed" if result["missed"] else "",
                    "".join("; " + text for text in result["notes"])), flush=True)
            elif len(self.results) % 100 == 0:
                print("%d cases" % len(self.results), flush=True)

    def name(self, result):
        return "--seed %s --case %d: %s" % (self.options.seed, result["case"], result["row"])

    def report(self):
        moments, modes = table.MOMENTS, table.MODES
        print("\n%-34s %6s %6s  %s %s %7s" % (
            "fault", "cases", "harmed", " ".join("%9s" % m for m in moments),
            " ".join("%6s" % m for m in modes), "missed"))
        by_fault = {}
        for result in self.results:
            by_fault.setdefault(result["fault"], []).append(result)
        for fault in sorted(by_fault, key=lambda f: [r.fault for r in self.rows].index(f)):
            these = by_fault[fault]
            print("%-34s %6d %6d  %s %s %7d" % (
                fault, len(these), sum(bool(r["harm"]) for r in these),
                " ".join("%9s" % (sum(r["moment"] == m for r in these) or "") for m in moments),
                " ".join("%6s" % (sum(r["mode"] == m for r in these) or "") for m in modes),
                sum(r["missed"] for r in these)))
        cleanups = sorted(r["cleanup_seconds"] for r in self.results if r["cleanup_seconds"])
        if cleanups:
            print("after pmp was killed, its last process ended after %.2f s in the median, "
                  "%.2f s at most; %d of %d took longer than 1 s" % (
                      cleanups[len(cleanups) // 2], cleanups[-1], sum(g > 1 for g in cleanups),
                      len(cleanups)))
        notes = {}
        for result in self.results:
            for text in result["notes"]:
                notes[text] = notes.get(text, 0) + 1
        for text in sorted(notes):
            print("%d times: %s" % (notes[text], text))
        targets = sum(r["targets"] for r in self.results)
        harmed = sum(min(r["targets"], 1) if r["harm"] else 0 for r in self.results)
        print("%d cases in %d rows, seed %s" % (
            len(self.results), len({r["row"] for r in self.results}), self.options.seed))
        print("%d targets, %d unharmed" % (targets, targets - harmed))
        return not any(r["harm"] for r in self.results) and targets > 0


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default=None)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--cases", type=int, default=1 << 30)
    parser.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 1) + 1)
    parser.add_argument("--rows", default="", help="only rows whose name matches")
    parser.add_argument("--case", type=int, help="only this case")
    parser.add_argument("--scale", type=float, default=1, help="of the counts of kills in a row")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = str(random.SystemRandom().randrange(1 << 32))
    return options


def main():
    options = parse_options()
    rows = [row for module in (table, situations, storms, tracers) for row in module.rows()
            if re.search(options.rows, row.name)]
    table.SCALE = options.scale
    if not rows:
        sys.exit("torture: no row's name matches %r" % options.rows)
    if options.worker:
        work(options.seed, rows)
        return 0
    run = Run(options, rows)
    if options.case is not None:
        run.next, options.cases, options.jobs, options.verbose = (
            options.case, options.case + 1, 1, True)
    print("seed %s, %d rows%s" % (
        options.seed, len(rows), " that match %r" % options.rows if options.rows else ""),
          flush=True)
    threads = [threading.Thread(target=run.serve) for _ in range(options.jobs)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        options.cases = 0
    for thread in threads:
        thread.join()
    return 0 if run.report() else 1


if __name__ == "__main__":
    sys.exit(main())
