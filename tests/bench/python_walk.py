#!/usr/bin/env python3
"""The time that the Python frames of a stack add while the target is stopped: `make bench`.

    tests/bench/python_walk.py [--frames N] [--only REGEX]

Prints, for each Python found (tests/matrix/builds.py), in milliseconds: the walk of the native
stack, the time that the Python frames add with cached names, and in the first sample (see
in_gdb.py), and pmp's median pause of 200 samples. It checks nothing; the target is 0.5 ms for 30
frames.
"""

import argparse
import atexit
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "matrix"))

import builds  # noqa: E402
from profiles import Profile  # noqa: E402
from tap import ROOT, Target, clean_up, pmp, run  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROW = "%-9s %-10s %-9s %7s %7s %7s %7s %7s %7s"


def in_gdb(pid):
    result = run("gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex",
                 "set auto-load off",
                 "-x", os.path.join(HERE, "in_gdb.py"),
                 env={"PMP_ROOT": ROOT, "PMP_PID": str(pid)})
    found = re.search(r"^BENCH (.*)$", result.out, re.M)
    if not found:
        raise AssertionError(str(result))
    return json.loads(found.group(1))


def measure(build, frames):
    with Target(*build.words, os.path.join(HERE, "frames.py"), frames, env=build.env) as target:
        times = in_gdb(target.pid)
        result = pmp("-p", target.pid, "-n", 200, "-r", 50, "-q", "-f", "yaml", "--instant")
    pause = Profile(result.out).sampling["pause_ms"]["median"]
    print(ROW % (build.python, build.how, build.symbols, times["native_frames"],
                 times["python_frames"],
                 *("%.3f" % number
                   for number in (times["native"], times["python"], times["first"], pause))),
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--only", default="", help="builds with this in their name")
    options = parser.parse_args()
    atexit.register(clean_up)
    print(ROW % ("version", "build", "symbols", "native", "Python", "native", "Python", "first",
                 "pause"))
    print(ROW % ("", "", "", "frames", "frames", "ms", "adds ms", "ms", "ms"))
    for python in builds.pythons()[0]:
        for build in (builds.as_it_is(python), builds.stripped(python)):
            if re.search(options.only, str(build)):
                measure(build, options.frames)


if __name__ == "__main__":
    main()
