#!/usr/bin/env python3
"""Like tests/program/test_faults.py, for a live run: a system call of pmp fails while it samples.
The target is unharmed, no gdb and no watchdog is left, the profile is complete or missing.

    PMP_FAULTS=all PMP_SEED=N tests/live/test_faults.py

all: each call of each kind fails in turn (hours). Otherwise the first calls fail, some later ones
drawn from the seed, and all calls of a kind from one on."""

import ctypes
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
sys.path.insert(0,
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness", "faults"))

from faulty import OLD, PMP, Run, fault  # noqa: E402
from profiles import Profile  # noqa: E402
from tap import BUILD, Target, check, children, equal, main, note, test  # noqa: E402
from targets import need_gdb  # noqa: E402

WORK = os.path.join(BUILD, "samples", "work-stripped")
ALL = os.environ.get("PMP_FAULTS") == "all"
SEED = int(os.environ.get("PMP_SEED") or random.SystemRandom().randrange(10**6))
# For one test; tests/run kills a test program after 240 s.
SECONDS = 10**6 if ALL else 6
SAMPLES = 3
# Short, because a permanent fault may mean that gdb's answers are never read.
SHORT_TIMEOUTS = {"PMP_DEADLINES": "start=4,warm=4,sample=2,detach=1,close=0.5"}
# (kind, how it fails, whether it may fail forever); EINTR forever is an endless loop, by design.
KINDS = (
    ("alloc", None, True), ("read", None, True), ("read", "EINTR", False), ("read", "SHORT", False),
    ("write", None, True), ("write", "EINTR", False), ("open", None, True), ("pipe", None, True),
    ("fork", None, True), ("poll", None, True), ("poll", "EINTR", True), ("link", None, True),
    ("stat", None, True), ("wait", None, False),
)
PR_SET_CHILD_SUBREAPER = 36


def check_none_left(target, limit=20):
    """After pmp's end, gdb and the watchdog are children of this process, and end by themselves."""
    deadline = time.monotonic() + limit
    while True:
        left = []
        for pid in children(os.getpid()):
            if pid != target.pid and os.waitpid(pid, os.WNOHANG)[0] == 0:
                with open("/proc/%d/comm" % pid, encoding="utf-8", errors="replace") as file:
                    left.append("%d (%s)" % (pid, file.read().strip()))
        if not left:
            return
        check(time.monotonic() < deadline, "processes left: " + " ".join(left))
        time.sleep(0.02)


def record(target, mode, wanted_fault):
    run = Run(wanted_fault, "-p", target.pid, "-n", SAMPLES, "-r", 100, "-q", "-o", "p.yaml",
              "--attach", mode, "--save-raw", "raw", files=[("p.yaml", OLD)], env=SHORT_TIMEOUTS)
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
    """The profile is complete, and its weights add up to its total."""
    text = run.files["p.yaml"].decode()
    again = Run(None, "show", "-f", "yaml", "-q", "p.yaml", files=[("p.yaml", text.encode())])
    equal(again.code, 0, "%s\n%s" % (again, run))
    Profile(text).check_whole()


def numbers(rng):
    """The numbers of the calls that fail: 1 to 12, then each about a quarter more than the last."""
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
        todo = [(kind, error, later, numbers(rng)) for kind, error, forever in kinds
                for later in ((False, True) if forever else (False,))]
        end = time.monotonic() + SECONDS
        # In turns, so that each kind gets its share of the time.
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


@test("--attach seize, with failing calls: target unharmed, no process left, no partial profile")
def _():
    sweep("seize", KINDS)


@test("--attach plain, with failing calls: target unharmed, no process left, no partial profile")
def _():
    sweep("plain", KINDS)


@test("a gdb that is stopped before its exec, or whose exec fails, is handled within the timeout")
def _():
    need_gdb()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    timeouts = {"PMP_DEADLINES": "start=0.5,close=0.1"}
    with Target(WORK, "--seconds", "3600") as target:
        for mode in ("seize", "plain"):
            for what, code, text in ((":STOP", 7, "starting within 0.5 s"),
                                     ("", 5, "it cannot be run: Permission denied")):
                run = Run("exec:1" + what, "-p", target.pid, "-n", 1, "--attach", mode,
                          env=timeouts)
                check(text in run.result.err, "not on stderr: " + text, run)
                equal(run.code, code, "%s %s" % (mode, run))
                check_none_left(target)
        target.check_unharmed()


if __name__ == "__main__":
    if not os.path.exists(PMP):
        print("1..0 # SKIP no %s: make check builds it" % PMP)
        sys.exit(0)
    main()
