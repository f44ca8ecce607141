#!/usr/bin/env python3
"""The same cases on every Python that can be found, in every build: `make matrix`.

    tests/matrix/matrix.py [--roots FOLDER] [--only REGEX] [--cases REGEX] [--quick] [-v]

A Python: builds.py; a case: case_table.py. Prints what it did not find, each failure, and a table of
version, build, symbols, cases right, and the share of the stacks with Python frames that were merged: in
the cases, in a program that stays as it is (steady: 99.9 % at least), and in one that starts and ends
threads and calls at full speed (restless: 99 % at least). With a Python 3.15 pmp's frames are compared
with those of its own profiler, too (oracle.py). The last line is "N passed, N failed, N skipped".
"""

import argparse
import atexit
import os
import re
import signal
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

import tap  # noqa: E402
import builds  # noqa: E402
import sample  # noqa: E402
import oracle  # noqa: E402
from case_table import groups  # noqa: E402
from judge import wrong_weight  # noqa: E402

# Programs that go on: the share of their stacks that has to be merged.
SHARES = {"steady": 0.999, "restless": 0.99}
STACKS = 1000
TOLD_MAX = 2000  # characters of what is wrong with a case


class Row:
    """What one build has come to."""

    def __init__(self, build):
        self.build, self.right, self.wrong, self.skipped = build, 0, [], []
        self.merged = self.total = 0
        self.shares = {}

    def add(self, name, trouble):
        if trouble is None:
            self.right += 1
        elif trouble.startswith("skip: "):
            self.skipped.append("%s: %s: %s" % (self.build, name, trouble[6:]))
        else:
            self.wrong.append(name)
            print("wrong: %s: %s: %s" % (self.build, name, trouble[:TOLD_MAX]), flush=True)

    def share(self, name):
        return "%6.2f" % (100 * self.shares[name]) if name in self.shares else "%6s" % "-"

    def __str__(self):
        python = self.build.python
        return "%-9s %-10s %-19s %-9s %7s %7s %7s %9s  %s" % (
            python, os.path.basename(python.root) or "-", self.build.how, self.build.symbols,
            "%d/%d" % (self.right, self.right + len(self.wrong)),
            "%.2f" % (100 * self.merged / self.total) if self.total else "-",
            self.share("steady"), self.share("restless"), ", ".join(self.wrong))


HEADER = "%-9s %-10s %-19s %-9s %7s %7s %7s %9s  %s" % (
    "version", "root", "build", "symbols", "right", "merged", "steady", "restless", "wrong")


def run_cases(row, folder, options):
    for cases in groups(row.build.version):
        cases = [case for case in cases if re.search(options.cases, case.name)]
        if not cases:
            continue
        try:
            profile, found = sample.look(row.build, folder, cases)
        except AssertionError as error:
            for case in cases:
                row.add(case.name, str(error))
            continue
        if not cases[0].by_hand:
            row.merged += profile.marks["merged"]
            row.total += profile.total - profile.bare()
        for name, trouble in found.items():
            row.add(name, trouble)


def run_shares(row, folder, options):
    for name, least in SHARES.items():
        if not re.search(options.cases, name) or options.quick:
            continue
        try:
            profile, threads = sample.watch(row.build, folder, name, STACKS)
        except AssertionError as error:
            row.add(name, str(error))
            continue
        row.shares[name] = profile.merged()
        trouble = wrong_weight(profile, None)
        if name == "steady" and profile.total % threads:
            trouble = trouble or "%d stacks of %d threads" % (profile.total, threads)
        if profile.merged() < least:
            trouble = trouble or "%.3f %% merged: %s" % (100 * profile.merged(), profile.marks)
        row.add(name, trouble)


def run_build(build, options):
    row = Row(build)
    with tempfile.TemporaryDirectory(prefix="pmp-matrix-") as folder:
        run_cases(row, folder, options)
        run_shares(row, folder, options)
        if re.search(options.cases, oracle.NAME):
            for name, trouble in oracle.compare(build, folder):
                row.add(name, trouble)
    return row


def all_builds(options):
    found, errors = builds.pythons(options.roots)
    for text in errors + ["not found: " + name for name in builds.missing(found)]:
        print(text)
    chosen = [build for python in found for build in builds.builds(python)]
    debian = builds.with_symbols(os.path.join(tap.BUILD, "python-dbg"))
    if debian is None:
        print("not found: the debug symbols of Debian's Python (.ci/deps check unpacks them)")
    return [build for build in chosen + [debian] if build and re.search(options.only, str(build))]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--roots", help="a folder of root folders, as debootstrap makes them")
    parser.add_argument("--only", default="", help="builds with this in their name, say '3.11.2 as it is'")
    parser.add_argument("--cases", default="", help="only cases with this in their name")
    parser.add_argument("--quick", action="store_true", help="not the programs that go on")
    parser.add_argument("-v", "--verbose", action="store_true", help="each build as it is done")
    return parser.parse_args()


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    atexit.register(tap.clean_up)
    rows = []
    for build in all_builds(options):
        rows.append(run_build(build, options))
        if options.verbose:
            print(rows[-1], flush=True)
    skipped = [text for row in rows for text in row.skipped]
    print("\n".join(["skipped: " + text for text in skipped] + [HEADER] + [str(row) for row in rows]))
    right, wrong = sum(row.right for row in rows), sum(len(row.wrong) for row in rows)
    if not rows:
        print("failed: no Python was found")
    print("%d passed, %d failed, %d skipped" % (right, wrong, len(skipped)))
    return 1 if wrong or not right else 0


if __name__ == "__main__":
    sys.exit(main())
