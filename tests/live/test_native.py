"""Two programs without Python: one with symbols, one stripped."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import (BUILD, Target, check, equal, main, near, note, pmp, run, temp_dir,  # noqa: E402
                 test)

WORK = os.path.join(BUILD, "samples", "work")


def sample(program, count):
    path = os.path.join(temp_dir(), "p.yaml")
    with Target(program, "--threads", "3", "--seconds", "60") as target:
        result = pmp("-p", target.pid, "-n", count, "-r", 50, "-o", path)
        equal(result.code, 0, result)
        target.check_unharmed()
    profile = Profile.load(path)
    note("sampling %s\nstacks %s" % (profile.sampling, profile.stacks))
    equal(profile.total, 3 * count)
    equal(profile.stacks["native_only"], profile.total)
    check("python" not in profile.data["target"], "a Python in a C program", profile.data["target"])
    profile.check_whole()
    return profile


@test("a C program has the known split and call order")
def _():
    need_gdb()
    profile = sample(WORK, 150)
    for name, share in (("encode", 40), ("decode", 20), ("wait_for_work", 40)):
        near(profile.share(name), share, 10, name)
    check(profile.weight_below("main", "run", "encode", "hash_block"), "order")
    # Start-up frames are hidden only in programs with Python frames.
    check(profile.weight("main"), "main is hidden")


@test("a stripped C program has offsets as names, and the same split")
def _():
    need_gdb()
    profile = sample(WORK + "-stripped", 150)
    offsets = {path[-1]["frame"] for path in profile.paths() if path[-1]["frame"].startswith("0x")}
    check(offsets, "no frame is an offset")
    for path in profile.paths():
        if path[-1]["frame"] in offsets:
            check(path[-1].get("module"), "an offset without a module", path[-1])
    sleeping = sum(profile.weight(name) for name in
                   {path[-1]["frame"] for path in profile.paths()
                    if "nanosleep" in path[-1]["frame"]
                    and not any("nanosleep" in above["frame"] for above in path[:-1])})
    near(100.0 * sleeping / profile.total, 40, 10, "nanosleep")
    # The offsets are those of the program's own functions.
    symbols = run("nm", WORK).out
    start = int(re.search(r"^([0-9a-f]+) t encode$", symbols, re.MULTILINE).group(1), 16)
    inside = [o for o in offsets if start <= int(o, 16) < start + 200]
    check(inside, "no offset lies in encode, which begins at %#x" % start, sorted(offsets))


main()
