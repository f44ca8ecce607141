"""--attach plain gives the same profile as the default, without Python."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import check_split, need_gdb, need_live_python  # noqa: E402
from tap import (BUILD, PYTHON, Target, check, equal, main, near, note, pmp, spin,
                 temp_dir,  # noqa: E402
                 test)


def sample(target, *args):
    path = os.path.join(temp_dir(), "p.yaml")
    result = pmp("-p", target.pid, "-o", path, *args, limit=90)
    equal(result.code, 0, result)
    target.check_unharmed()
    profile = Profile.load(path)
    note("%s: sampling %s\nstacks %s"
         % (" ".join(map(str, args)), profile.sampling, profile.stacks))
    profile.check_whole()
    return profile


@test("the split and the order of calls, at two rates; the old names of the mode are accepted")
def _():
    need_live_python()
    with spin("--threads", "2") as target:
        fast = sample(target, "-n", 150, "-r", 50)
        slow = sample(target, "-n", 60, "--attach", "each")
    for profile, samples, within in ((fast, 150, 10), (slow, 60, 16)):
        equal(profile.total, 2 * samples)
        check_split(profile, within)
        check(profile.weight_below("main", "run", "in_python", "step_one", "step_two", "work"),
              "order")
        check(profile.weight_below("run", "with_callback", "spinext_call", "callback", "work"),
              "order")


@test("--attach plain gives the native frames, and no Python functions for CPython 3.11")
def _():
    need_live_python()
    with spin("--threads", "2") as target:
        plain = sample(target, "-n", 16, "-r", 4, "--attach", "plain")
    equal(plain.total, 32)
    # 32 stacks, two at a time: a share of 30 % has a standard error of about 9 points.
    near(plain.share("burn_until"), 30, 25, "burn_until")
    check(plain.weight_below("spinext_burn", "burn_until"), "order")
    check(plain.weight("step_one") == 0, "Python functions, which gdb's text does not have")


@test("seize and plain agree on a C program")
def _():
    need_gdb()
    with Target(os.path.join(BUILD, "samples", "work"), "--threads", "2", "--seconds",
                "120") as target:
        # Both threads do the same at the same time, so 40 samples have an error of 8 points on a
        # busy machine. The default mode takes more samples in the same time.
        for args, within in ((("-n", 150, "-r", 50), 12),
                             (("-n", 20, "-r", 4, "--attach", "plain"), 32)):
            profile = sample(target, *args)
            equal(profile.total, 2 * args[1])
            equal(profile.stacks["native_only"], profile.total)
            near(profile.share("encode"), 40, within, "encode")
            near(profile.share("decode"), 20, within, "decode")
            near(profile.share("wait_for_work"), 40, within, "wait_for_work")
            check(profile.weight_below("run", "encode", "hash_block"), "order")


# Most of its threads end after the request to stop and before the stop.
BRIEF = """
import threading

def brief(): pass

print("ready %d" % __import__("os").getpid(), flush=True)

while True:
    thread = threading.Thread(target=brief); thread.start(); thread.join()
"""


@test("threads that end during a stop delay no sample, and no stack is lost")
def _():
    need_live_python()
    with Target(PYTHON, "-c", BRIEF) as target:
        profile = sample(target, "-n", 40, "-r", 20)
        equal(profile.stacks["lost"], 0, profile.stacks)
        check(profile.sampling["pause_ms"]["median"] < 150 and profile.sampling["seconds"] < 8,
              profile.sampling)


main()
