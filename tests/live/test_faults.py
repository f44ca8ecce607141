#!/usr/bin/env python3
"""tests/program/test_faults.py, but record: a call of the system that pmp makes while it samples a live process fails. The target
is as it was, no gdb and no guard is left, the profile is complete or not there.

    PMP_FAULTS=all PMP_SEED=N tests/live/test_faults.py

all: each call of each kind (hours); otherwise the first ones, some later ones by the seed, and each kind for good."""

import ctypes
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness", "faults"))

from faulty import OLD, PMP, Run, fault  # noqa: E402
from profiles import Profile  # noqa: E402
from tap import BUILD, Target, check, children, equal, main, note, test  # noqa: E402
from targets import need_gdb  # noqa: E402

WORK = os.path.join(BUILD, "samples", "work-stripped")
ALL = os.environ.get("PMP_FAULTS") == "all"
SEED = int(os.environ.get("PMP_SEED") or random.SystemRandom().randrange(10**6))
# For one test; tests/run ends the program after 240.
SECONDS = 10**6 if ALL else 10
SAMPLES = 3
# What fails for good in pmp must not keep it for long: gdb's answers are not read then, say.
HASTE = {"PMP_DEADLINES": "start=4,warm=4,attach=2,sample=2,detach=1,close=0.5"}
# (kind, how it fails, may it do so for good); EINTR for good is an endless loop, by design.
KINDS = (
    ("alloc", None, True), ("read", None, True), ("read", "EINTR", False), ("read", "SHORT", False),
    ("write", None, True), ("write", "EINTR", False), ("open", None, True), ("pipe", None, True),
    ("fork", None, True), ("poll", None, True), ("poll", "EINTR", True), ("link", None, True), ("stat", None, True),
    ("wait", None, False),
)
PR_SET_CHILD_SUBREAPER = 36


def check_none_left(target, limit=20):
    """gdb and the guard are this process's children when pmp has ended, and end by themselves."""
    deadline = time.monotonic() + limit
    while True:
        left = []
        for pid in children(os.getpid()):
            if pid != target.pid and os.waitpid(pid, os.WNOHANG)[0] == 0:
                with open("/proc/%d/comm" % pid, encoding="utf-8", errors="replace") as file:
                    left.append("%d (%s)" % (pid, file.read().strip()))
        if not left:
            return
        check(time.monotonic() < deadline, "left behind: " + " ".join(left))
        time.sleep(0.02)


def record(target, mode, wanted_fault):
    run = Run(wanted_fault, "-p", target.pid, "-n", SAMPLES, "-r", 100, "-q", "-o", "p.yaml", "--attach", mode,
              "--save-raw", "raw", files=[("p.yaml", OLD)], env=HASTE)
    try:
        check_none_left(target)
        target.check_unharmed()
    except AssertionError as error:
        raise AssertionError("%s\n%s" % (error, run))
    run.check_code()
    check(set(run.files) <= {"p.yaml", "raw"}, "a file beside the output", run)
    if run.files["p.yaml"] != OLD:
        check_profile(run)
    else:
        check(run.code, "no results, and no failure", run)
    return run


def check_profile(run):
    """Whole, and its weights add up to what it says it took."""
    text = run.files["p.yaml"].decode()
    again = Run(None, "show", "-f", "yaml", "-q", "p.yaml", files=[("p.yaml", text.encode())])
    equal(again.code, 0, "%s\n%s" % (again, run))
    Profile(text).check_whole()


def numbers(rng):
    """The first twelve, then by about a quarter more each time."""
    number = 1
    while True:
        yield number
        number += 1 if ALL or number < 12 else rng.randint(1, number // 2)


def sweep(mode, kinds):
    need_gdb()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    rng, codes, runs = random.Random("%d %s" % (SEED, mode)), {}, 0
    note("PMP_SEED=%d" % SEED)
    with Target(WORK, "--threads", "2", "--seconds", "3600") as target:
        equal(record(target, mode, None).code, 0, "without a fault")
        todo = [(kind, error, later, numbers(rng)) for kind, error, for_good in kinds
                for later in ((False, True) if for_good else (False,))]
        end = time.monotonic() + SECONDS
        # In turns, so that each has its share of the time.
        while todo and (runs <= len(kinds) or time.monotonic() < end):
            row = todo.pop(0)
            run = record(target, mode, fault(row[0], next(row[3]), row[1], row[2]))
            if run.hit:
                todo.append(row)
                key = "%s%s%s" % (row[0], "+" if row[2] else "", ":" + row[1] if row[1] else "")
                codes.setdefault(key, []).append(run.code)
                runs += 1
    note("%d faults" % runs)
    for key, seen in sorted(codes.items()):
        note("%s: codes %s" % (key, " ".join(str(c) for c in seen)))
    check(runs > len(kinds), "too few faults for a test")


@test("--attach once, calls failing: the target is unharmed, nothing is left, the profile whole or not there")
def _():
    sweep("once", KINDS)


@test("--attach each, the same")
def _():
    sweep("each", KINDS)


@test("--attach plain, the same")
def _():
    sweep("plain", KINDS)


@test("a gdb that somebody stops before its exec, or whose exec fails, is waited for no longer than any other")
def _():
    need_gdb()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    haste = {"PMP_DEADLINES": "start=0.5,close=0.1"}
    with Target(WORK, "--seconds", "3600") as target:
        for mode in ("once", "plain"):
            for what, code, said in ((":STOP", 7, "starting within 0.5 s"), ("", 5, "it cannot be run: Permission denied")):
                run = Run("exec:1" + what, "-p", target.pid, "-n", 1, "--attach", mode, env=haste)
                check(said in run.result.err, "not said: " + said, run)
                equal(run.code, code, "%s %s" % (mode, run))
                check_none_left(target)
        target.check_unharmed()


if __name__ == "__main__":
    if not os.path.exists(PMP):
        print("1..0 # SKIP no %s: make check builds it" % PMP)
        sys.exit(0)
    main()
