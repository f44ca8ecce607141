#!/usr/bin/env python3
"""A part of `make torture`: some rows of its table, with random delays."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from targets import need_gdb
from tap import PYTHON, ROOT, check, main, note, run, test

# A fixed seed: each run has the same rows. `make torture` runs all rows.
SEED = "3323969560"


def torture(rows, cases, seconds, scale=1.0):
    need_gdb()
    result = run(PYTHON, os.path.join(ROOT, "tests", "stress", "torture.py"), "--seed", SEED,
                 "--rows", rows, "--cases", str(cases), "--seconds", str(seconds),
                 "--scale", str(scale), limit=seconds + 130)
    note(result.out)
    check(result.code == 0, "a target was harmed", result)


@test("signals that end pmp, gdb or both leave the target unharmed")
def _():
    torture("^SIG(KILL|TERM|INT|HUP) to .*, (seize|plain|dump)$", 14, 7)


@test("other faults of pmp, gdb and the target leave the target unharmed")
def _():
    torture("^(SIGSTOP to|the|no room) ", 8, 5)


@test("the target's signals arrive, and pmp does not hang")
def _():
    torture("^(1,000|2,000|SIGINT is|system calls|a|another|no process|threads|dlopen) ", 10, 6)


@test("kills in the very stop, job control, signals with values, two pmps")
def _():
    torture("^(SIGKILL in the very stop|job control while|siginfo|two pmps)", 5, 4, 0.02)


main()
