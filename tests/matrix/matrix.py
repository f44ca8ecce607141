#!/usr/bin/env python3
"""Runs the same cases on each Python found, in each build: `make matrix`.

    tests/matrix/matrix.py [--roots FOLDER] [--only REGEX] [--cases REGEX] [--quick] [-v]

The Pythons are found by builds.py, the cases are rows of case_table.py. Prints the versions it did
not find, each failure, and a table: version, build, symbols, passed cases, and the share of merged
stacks among those with Python frames. That share is measured in the cases, in a program whose
threads stay the same (steady: at least 99.9 %), and in one that starts and ends threads and calls
at full speed (churn: at least 99 %). `own` and `shown` are the shares of native frames, and of the
weight in them, that have a name (names.py), also without symbols. With Python 3.15, pmp's frames
are also compared with those of its own sampling profiler (oracle.py). The last line is "N passed, N
failed, N skipped".
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
import names  # noqa: E402
import sample  # noqa: E402
import oracle  # noqa: E402
from case_table import groups  # noqa: E402
from judge import wrong_weight  # noqa: E402

# Programs that keep running, and the least share of merged stacks in each.
SHARES = {"steady": 0.999, "churn": 0.99}
STACKS = 1000
PROBLEM_MAX = 2000  # characters printed of one problem


class Row:
    """The results of one build."""

    def __init__(self, build):
        self.build, self.passed, self.failed, self.skipped = build, 0, [], []
        self.merged = self.total = 0
        self.shares = {}

    def add(self, name, trouble):
        if trouble is None:
            self.passed += 1
        elif trouble.startswith("skip: "):
            self.skipped.append("%s: %s: %s" % (self.build, name, trouble[6:]))
        else:
            self.failed.append(name)
            print("failed: %s: %s: %s" % (self.build, name, trouble[:PROBLEM_MAX]), flush=True)

    def share(self, name):
        return "%.2f" % (100 * self.shares[name]) if name in self.shares else "-"

    def __str__(self):
        python = self.build.python
        return FORMAT % (
            python, os.path.basename(python.root) or "-", self.build.how, self.build.symbols,
            "%d/%d" % (self.passed, self.passed + len(self.failed)),
            "%.2f" % (100 * self.merged / self.total) if self.total else "-",
            self.share("steady"), self.share("churn"), self.share("own"), self.share("shown"),
            ", ".join(self.failed))


FORMAT = "%-9s %-10s %-19s %-9s %7s %7s %7s %7s %7s %7s  %s"
HEADER = FORMAT % ("version", "root", "build", "symbols", "passed", "merged", "steady", "churn",
                   "own", "shown", "failed")


def run_cases(row, folder, options):
    for cases in groups(row.build.version):
        cases = [case for case in cases if re.search(options.cases, case.name)]
        if not cases:
            continue
        try:
            profile, found = sample.sample_cases(row.build, folder, cases)
        except AssertionError as error:
            for case in cases:
                row.add(case.name, str(error))
            continue
        if not cases[0].writes_truth:
            row.merged += profile.stack_counts["merged"]
            row.total += profile.total - profile.without_python()
        for name, trouble in found.items():
            row.add(name, trouble)


def run_shares(row, folder, options):
    for name, least in SHARES.items():
        if not re.search(options.cases, name) or options.quick:
            continue
        try:
            profile, threads = sample.sample_running(row.build, folder, name, STACKS)
        except AssertionError as error:
            row.add(name, str(error))
            continue
        row.shares[name] = profile.merged()
        trouble = wrong_weight(profile, None)
        if name == "steady" and profile.total % threads:
            trouble = trouble or "%d stacks of %d threads" % (profile.total, threads)
        if profile.merged() < least:
            trouble = trouble or "%.3f %% merged: %s" % (100 * profile.merged(),
                                                         profile.stack_counts)
        row.add(name, trouble)


def run_names(row, folder, options):
    """The shares of native frames with a name."""
    if not re.search(options.cases, names.NAME) or options.quick:
        return
    try:
        found = names.measure(row.build, folder)
    except AssertionError as error:
        row.add(names.NAME, str(error))
        return
    row.shares.update(own=found.own, shown=found.shown)
    trouble = None
    if found.wrong:
        trouble = "%d wrong names: %s" % (len(found.wrong), "; ".join(found.wrong[:5]))
    elif found.own < names.OWN_LEAST or found.shown < names.SHOWN_LEAST:
        trouble = "own %.3f, shown %.3f" % (found.own, found.shown)
    row.add(names.NAME, trouble)


def run_build(build, options):
    row = Row(build)
    with tempfile.TemporaryDirectory(prefix="pmp-matrix-") as folder:
        run_cases(row, folder, options)
        run_shares(row, folder, options)
        run_names(row, folder, options)
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


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--roots", help="a folder of root folders made by debootstrap")
    parser.add_argument("--only", default="",
                        help="only builds whose name matches, as '3.11.2 stripped'")
    parser.add_argument("--cases", default="", help="only cases whose name matches")
    parser.add_argument("--quick", action="store_true", help="skip the programs that keep running")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="print each build when it is done")
    return parser.parse_args()


def main():
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    atexit.register(tap.clean_up)
    rows = []
    for build in all_builds(options):
        rows.append(run_build(build, options))
        if options.verbose:
            print(rows[-1], flush=True)
    skipped = [text for row in rows for text in row.skipped]
    print("\n".join(["skipped: " + text for text in skipped] + [HEADER]
                    + [str(row) for row in rows]))
    passed, failed = sum(row.passed for row in rows), sum(len(row.failed) for row in rows)
    if not rows:
        print("failed: no Python was found")
    print("%d passed, %d failed, %d skipped" % (passed, failed, len(skipped)))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
