#!/usr/bin/env python3
"""Counts how often pmp diff is wrong, on real runs of samples/rounds.py.

    tests/stress/diffs.py [TRIALS] [FASTER]

Compares two runs of the same program TRIALS times (100): a change marked as significant (a star) is
wrong. Then compares FASTER times (10) with a run in which a function of a C extension is 15 %
faster: that function must be listed first. Prints both counts. Fails if more than 5 of 100 are
wrong, or if another function is first more than once in 10 times.
"""

import os
import re
import signal
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import BUILD, PYTHON, ROOT, Target, check, equal, pmp  # noqa: E402

WORK, FASTER_WORK = 60, 51
FUNCTION = "work_some"


def record(folder, name, work, rate, seconds):
    """Samples a run of the program; returns the path of the profile."""
    path = os.path.join(folder, name + ".yaml")
    with Target(PYTHON, os.path.join(ROOT, "samples", "rounds.py"), "--work", work,
                env={"PYTHONPATH": os.path.join(BUILD, "samples")}) as target:
        result = pmp("-p", target.pid, "-r", rate, "-d", seconds, "-q", "-o", path, limit=60)
    equal(result.code, 0, result)
    return path


def rows(before, after):
    """(has a star, function) of each row of the comparison, in its order."""
    result = pmp("diff", before, after, "--top", 1000, "--full-paths", env={"LC_ALL": "C.UTF-8"})
    equal(result.code, 0, result)
    found = re.findall(r"^([* ]) +[\d.]+% +[\d.]+% +[-+][\d.]+ ±.*?  (?:py|c |k |\* |! )  (.*)$",
                       result.out, re.M)
    check(found, "no rows", result.out)
    return [(star == "*", label.split(" (")[0]) for star, label in found]


def main():
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    faster = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory(prefix="pmp-diffs-") as folder:
        return compare(folder, trials, faster)


def compare(folder, trials, faster):
    """True if pmp diff was wrong too often."""
    wrong = 0
    for trial in range(trials):
        before, after = (record(folder, name, WORK, 100, 1.5) for name in ("a", "b"))
        starred = [name for star, name in rows(before, after) if star]
        wrong += bool(starred)
        if starred:
            print("trial %d: star at %s" % (trial + 1, ", ".join(starred)), flush=True)
    print("the same program: %d of %d comparisons had a star" % (wrong, trials), flush=True)
    first = stars = 0
    for trial in range(faster):
        found = rows(record(folder, "a", WORK, 400, 8), record(folder, "b", FASTER_WORK, 400, 8))
        first += found[0][1] == FUNCTION
        stars += (True, FUNCTION) in found
        print("faster %d: first %s%s" % (trial + 1, found[0][1], ", star" if found[0][0] else ""),
              flush=True)
    print("15 %% faster: %s was first in %d of %d comparisons, and had a star in %d" % (
        FUNCTION, first, faster, stars), flush=True)
    return wrong > trials * 5 / 100 or first < faster * 9 / 10


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
