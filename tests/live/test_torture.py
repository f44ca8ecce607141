#!/usr/bin/env python3
"""A part of `make torture`, from its table: a few of each kind, at moments within them that are random."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from targets import need_gdb
from tap import PYTHON, ROOT, check, main, note, run, test

# Each check draws the same rows: what a row is worth is for `make torture` to find out.
SEED = "3323969560"


def torture(rows, cases, seconds):
    need_gdb()
    result = run(PYTHON, os.path.join(ROOT, "tests", "stress", "torture.py"), "--seed", SEED, "--rows", rows,
                 "--cases", str(cases), "--seconds", str(seconds), limit=seconds + 130)
    note(result.out)
    check(result.code == 0, "a target was harmed", result)


@test("whoever is killed, the target is unharmed")
def _():
    torture("^SIG(KILL|TERM|INT|HUP) to ", 40, 25)


@test("whatever else goes wrong, the target is unharmed")
def _():
    torture("^(SIGSTOP|the|no room) ", 20, 15)


@test("the target's signals arrive, and pmp never hangs")
def _():
    torture("^(1,000|2,000|SIGINT is|calls|a|another|no process|threads|it) ", 20, 20)


main()
