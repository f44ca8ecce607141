#!/usr/bin/env python3
"""Real gdb text that nobody here wrote, against what was counted in it by hand: one test a file and column.

    corpus.py PROGRAM       PROGRAM is tests/unit/dump_counts, built

The text is not in this repository (its licences vary): it's ../shared/corpus, or $PMP_CORPUS. Without
it everything is skipped. Prints TAP; the shares that are right come last, as comments.

A trace or a frame counts if it was printed, also the lone "#0" that gdb prints when a process stops and
the frame that "frame N" prints again. That these are no stacks of their own is tested in test_dump.
"""

import collections
import csv
import json
import os
import re
import subprocess
import sys

COLUMNS = ("threads", "traces", "frames", "pybt_full_frames", "pybt_text_blocks")
TIMEOUT = 60


def find_corpus():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return os.environ.get("PMP_CORPUS") or os.path.join(root, "..", "shared", "corpus")


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def result(self, good, name, why=""):
        self.count += 1
        self.failed += not good
        print("%s %d - %s" % ("ok" if good else "not ok", self.count, name))
        if not good and why:
            for line in why.splitlines():
                print("# " + line)

    def skip(self, name, why):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, why))

    def finish(self):
        print("1..%d" % self.count)
        return 1 if self.failed else 0


def run(program, *args):
    return subprocess.run([program, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=TIMEOUT, check=False)


def read_counts(program, path):
    done = run(program, path)
    if done.returncode != 0:
        return None, "exit status %d: %s" % (done.returncode,
                                             done.stderr.decode(errors="replace")[-2000:])
    fields = done.stdout.decode(errors="replace").rstrip("\n").split("\t")
    names = COLUMNS + ("stacks", "lines", "unknown")
    return dict(zip(names, map(int, fields[1:]))), ""


def read_stacks(program, path):
    """Each stack as a list of frames, each a dictionary of what dump_counts -f tells of it."""
    stacks = []
    for line in run(program, "-f", path).stdout.decode(errors="replace").splitlines():
        fields = line.split("\t")
        if fields[0] == "stack":
            stacks.append([])
        elif fields[0] == "frame":
            frame = dict(field.split("=", 1) for field in fields[2:])
            frame["number"] = int(fields[1])
            stacks[-1].append(frame)
    return stacks


def plain(name):
    """A name without what tools disagree on: arguments, template arguments, symbol versions."""
    name = re.sub(r"@@?GLIBC.*", "", name or "")
    before = None
    while before != name:
        before, name = name, re.sub(r"<[^<>]*>", "", name)
    name = name.split("(", 1)[0].strip()
    return "" if name.endswith("??") else name


def check_counts(tap, program, folder, rows, shares):
    for row in rows:
        got, why = read_counts(program, os.path.join(folder, row["file"]))
        sure = row["count_confidence"] == "high"
        if got is None:
            tap.result(False, row["file"], why)
            continue
        wrong = [column for column in COLUMNS if got[column] != int(row[column] or 0)]
        for column in COLUMNS:
            shares[row["count_confidence"]][column] += column not in wrong
        shares[row["count_confidence"]]["files"] += 1
        for key in ("lines", "unknown"):
            shares["text"][key] += got[key]
        text = ", ".join("%s: %d, counted by hand %s" % (c, got[c], row[c]) for c in wrong)
        if not sure and wrong:
            tap.result(True, row["file"] + " (did not crash)")
            print("# not sure: " + text)
        else:
            tap.result(not wrong, row["file"], text)


def check_apport(tap, program, folder, row):
    """The function, address and library of each frame, as another parser found them."""
    with open(os.path.join(folder, row["expected"]), encoding="utf-8") as file:
        wanted = {frame["depth"]: frame for frame in json.load(file)}
    wrong = []
    frames = [frame for stack in read_stacks(program, os.path.join(folder, row["file"]))
              for frame in stack]
    for frame in frames:
        want = wanted.get(frame["number"])
        if not want:
            continue
        if plain(want.get("function")) != plain(frame["name"]):
            wrong.append("#%d: %r, expected %r" % (frame["number"], frame["name"],
                                                   want.get("function")))
        if want.get("address") and int(want["address"], 16) != int(frame["addr"][2:], 16):
            wrong.append("#%d: address %s, expected %s" % (frame["number"], frame["addr"],
                                                           want["address"]))
        if want.get("dylib") and want["dylib"] != frame["module"]:
            wrong.append("#%d: module %s, expected %s" % (frame["number"], frame["module"],
                                                          want["dylib"]))
    tap.result(not wrong and len(frames) == len(wanted), row["expected"], "\n".join(wrong))


def check_pmp(tap, program, folder, row, name):
    """pt-pmp's counts: how many stacks are equal by their functions."""
    wanted = collections.Counter()
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        for line in file:
            count, stack = line.split(None, 1)
            stack = re.sub(r"<[^<>]*>", "", stack.strip())  # templates hold commas
            wanted[tuple(plain(part) for part in stack.split(","))] += int(count)
    got = collections.Counter(
        tuple(plain(frame["name"]) for frame in stack)
        for stack in read_stacks(program, os.path.join(folder, row["file"])))
    lines = ["%d, pt-pmp %d: %s" % (got[key], wanted[key], ",".join(key)[:200])
             for key in sorted(set(got) | set(wanted)) if got[key] != wanted[key]]
    tap.result(not lines, name, "\n".join(lines[:20]))


def check_expected(tap, program, folder, rows):
    for row in rows:
        for name in filter(None, row["expected"].split(",")):
            if name.endswith("expected-frames.json"):
                check_apport(tap, program, folder, row)
            elif re.search(r"(pt-2211|\d\d\d)\.out$", name) and "_t" not in name:
                check_pmp(tap, program, folder, row, name)


def main(argv):
    if len(argv) != 2:
        print("usage: corpus.py PROGRAM", file=sys.stderr)
        return 2
    tap = Tap()
    folder = find_corpus()
    manifest = os.path.join(folder, "MANIFEST.tsv")
    if not os.path.exists(manifest):
        tap.skip("corpus of real gdb text", "%s is not there" % os.path.relpath(manifest))
        return tap.finish()
    with open(manifest, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    shares = collections.defaultdict(collections.Counter)
    check_counts(tap, argv[1], folder, rows, shares)
    check_expected(tap, argv[1], folder, rows)
    for sure in ("high", "medium", "not gdb"):
        share = shares[sure]
        print("# %s: " % sure + ", ".join("%s %d/%d" % (column, share[column], share["files"])
                                         for column in COLUMNS))
    print("# unknown lines: %d of %d" % (shares["text"]["unknown"], shares["text"]["lines"]))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
