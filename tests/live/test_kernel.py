"""Threads in uninterruptible sleep (state D), which cannot be stopped: pmp samples them from /proc,
they delay neither pmp nor the target's other threads. A thread that waits for its vfork child is in
that state."""

import concurrent.futures
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import (BUILD, Target, check, equal, main, note, pmp, proc_status, temp_dir,  # noqa: E402
                 test)

SIGSTOP_BIT = 1 << 18


def start_sleeper(*args):
    return Target(os.path.join(BUILD, "tests", "harness", "programs", "sleeper"), *args)


def sleeping_threads(target):
    return [tid for tid in target.threads() if target.status("State", tid).startswith("D")]


def await_sleep(target, wanted=True, limit=10):
    deadline = time.monotonic() + limit
    while bool(sleeping_threads(target)) != wanted:
        check(time.monotonic() < deadline, "no thread %s state D" % ("in" if wanted else "out of"))
        time.sleep(0.01)


def check_left_alone(target):
    """No thread is traced or stopped or has a SIGSTOP pending, not even the one in state D."""
    for tid in target.threads():
        equal(proc_status(target.pid, "TracerPid", tid), "0", "traced")
        check(target.status("State", tid)[:1] not in "Tt", "stopped")
        for key in ("SigPnd", "ShdPnd"):
            check(not int(target.status(key, tid), 16) & SIGSTOP_BIT, "a SIGSTOP is pending")
    check(target.runs(), "the other thread runs")


def sample(target, *args, limit=60):
    path = os.path.join(temp_dir(), "p.yaml")
    result = pmp("-p", target.pid, "-o", path, *args, limit=limit)
    equal(result.code, 0, result)
    check_left_alone(target)
    profile = Profile.load(path)
    profile.check_whole()
    note("%s: sampling %s\nstacks %s"
         % (" ".join(map(str, args)), profile.sampling, profile.stacks))
    return result, profile


def run_parallel(function, *calls):
    """Calls the function with each tuple of arguments, at the same time: most calls only wait."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        for call in [pool.submit(function, *words) for words in calls]:
            call.result()


@test("a thread that stays in state D is sampled from /proc, exit code 0, in each mode")
def _():
    need_gdb()

    def check_run(mode, *which):
        with start_sleeper(0, 100, 0, *which) as target:
            await_sleep(target)
            began = time.monotonic()
            result, profile = sample(target, "-n", 5, "--attach", mode)
            check(time.monotonic() - began < 20, "pmp took 20 s")
            threads = len(target.threads())
        equal(profile.total, 5 * threads, mode)
        equal(profile.weight("vfork", "kernel"), 5, mode)
        if mode == "seize":
            equal(profile.stacks["lost"], 0)
            equal(profile.weight("spin"), 5, "the running thread")
        else:  # gdb cannot attach, so the other threads have no stacks
            equal(profile.stacks["lost"], 5 * (threads - 1))
            check("uninterruptible sleep" in result.err, "the sleep is not reported", result)

    for mode in ("seize", "plain"):
        run_parallel(check_run, (mode,), (mode, "main"))


@test("a thread that enters state D has kernel stacks, and delays and loses no other stack")
def _():
    need_gdb()

    def check_run(*which):
        with start_sleeper(4, 0.7, 0.7, *which) as target:
            _, profile = sample(target, "-n", 70)
            threads = len(target.threads())
        equal(profile.total, 70 * threads)
        equal(profile.weight("spin"), 70, "not every sample has the running thread")
        check(profile.weight("vfork", "kernel") >= 5, "kernel stacks")
        equal(profile.stacks["lost"], 0)

    run_parallel(check_run, (), ("main",))


@test("the run ends in time although a thread is in state D")
def _():
    need_gdb()
    with start_sleeper(4, 100, 0) as target:
        began = time.monotonic()
        _, profile = sample(target, "-n", 60)
        check(sleeping_threads(target), "no thread is in state D at the end")
        check(time.monotonic() - began < 15, "pmp waited for the thread")
    equal(profile.weight("spin"), 60)
    check(profile.weight("vfork", "kernel") > 5, "kernel stacks")


@test("after state D ends, the thread has native stacks")
def _():
    need_gdb()
    with start_sleeper(0, 4, 100) as target:
        await_sleep(target)
        _, profile = sample(target, "-n", 60)
    equal(profile.total, 3 * 60)
    check(profile.weight("vfork", "kernel") > 3, "kernel stacks")
    check(profile.weight("spin") > 10, "native stacks")


@test("short periods in state D lose no stack of another thread")
def _():
    need_gdb()
    with start_sleeper(0, 0.1, 0.1) as target:
        _, profile = sample(target, "-n", 10)
    equal(profile.total, 30)
    equal(profile.weight("spin"), 10)


main()
