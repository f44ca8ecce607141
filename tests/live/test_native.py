"""Two programs without Python: one with symbols, one stripped."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import (BUILD, ROOT, Target, check, equal, main, near, note, pmp, run,  # noqa: E402
                 skip, temp_dir, test)

WORK = os.path.join(BUILD, "samples", "work")
SPLIT = os.path.join(ROOT, "tests", "harness", "programs", "split.c")


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


@test("a stripped C program has one name for each function, and the same split")
def _():
    need_gdb()
    profile = sample(WORK + "-stripped", 150)
    starts = {name: "fn 0x%x" % int(address, 16) for address, name in
              re.findall(r"^([0-9a-f]+) [tT] (\w+)$", run("nm", WORK).out, re.MULTILINE)}
    names = {frame["frame"] for path in profile.paths() for frame in path
             if frame["frame"].startswith("fn 0x") and "work" in frame["module"]}
    check(names <= set(starts.values()), "no function begins there", names, starts)
    for name, share in (("encode", 40), ("decode", 20), ("wait_for_work", 40)):
        near(profile.share(starts[name]), share, 10, name)
    sleeping = sum(profile.weight(name) for name in
                   {path[-1]["frame"] for path in profile.paths()
                    if "nanosleep" in path[-1]["frame"]
                    and not any("nanosleep" in above["frame"] for above in path[:-1])})
    near(100.0 * sleeping / profile.total, 40, 10, "nanosleep")


@test("a function that GCC has split is one frame, with debug information and without")
def _():
    need_gdb()
    for option in ("-g", "-g0"):
        program = os.path.join(temp_dir(), "split")
        built = run("cc", "-O2", option, "-o", program, SPLIT, limit=100)
        if built.code or ".part." not in run("nm", program).out:
            skip("no compiler that splits functions")
        path = os.path.join(temp_dir(), "p.yaml")
        with Target(program) as target:
            equal(pmp("-p", target.pid, "-n", 40, "-r", 50, "-o", path).code, 0)
        profile = Profile.load(path)
        profile.check_whole()
        paths = [[frame["frame"] for frame in frames] for frames in profile.paths()]
        twice = {path[at] for path in paths for at in range(1, len(path))
                 if path[at - 1] == path[at]}
        equal(twice, {"down"}, "%s: what is twice in a row: its recursion is real" % option)
        check(profile.share("work") > 80, option, profile.share("work"))
        equal([name for path in paths for name in path if "." in name], [], option)


main()
