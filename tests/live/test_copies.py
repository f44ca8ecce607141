"""A process with several CPythons: the frames are those of the one that runs the program."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "matrix"))
from builds import EMBED, probe_python  # noqa: E402
from profiles import Profile  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import PYTHON, Target, check, equal, main, note, pmp, skip, temp_dir, test  # noqa: E402

PROGRAM = """
import os, sys, threading
def inner():
    while True: pass
def outer(): inner()
def main(load):
    if load: import ctypes; ctypes.PyDLL(load)
    threading.Thread(target=outer, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    outer()
main((sys.argv + [""])[1])
"""
SAMPLES = 10


def libraries(count):
    """The paths of count copies of PYTHON's libpython."""
    need_live_python()
    python = probe_python(PYTHON, "", [])
    found = python and python.library
    if not found:
        skip("the shared library of %s (libpython3-dev) is missing" % PYTHON)
    folder = temp_dir()
    copies = [os.path.join(folder, "libpython-%d.so" % i) for i in range(count)]
    for copy in copies:
        shutil.copy(found, copy)
    return copies


def program():
    path = os.path.join(temp_dir(), "program.py")
    with open(path, "w", encoding="ascii") as file:
        file.write(PROGRAM)
    return path


def check_frames(copies, *argv):
    """Both threads have the program's frames, and no stack is unmerged. copies: the libpythons that
    the process has mapped."""
    path = os.path.join(temp_dir(), "p.yaml")
    with Target(*argv) as target:
        equal(copies_mapped(target.pid), set(copies), "the copies in the process")
        result = pmp("-p", target.pid, "-n", SAMPLES, "-r", 20, "-o", path)
        equal(result.code, 0, result)
        target.check_unharmed()
    profile = Profile.load(path)
    note("%s" % profile.stacks)
    equal(profile.stacks["merged"], 2 * SAMPLES, profile.stacks)
    equal(profile.weight_below("main", "outer", "inner"), SAMPLES)
    equal(profile.weight_below("outer", "inner"), 2 * SAMPLES)


def copies_mapped(pid):
    with open("/proc/%d/maps" % pid, encoding="utf-8") as file:
        return {line.split()[-1] for line in file if "/libpython-" in line}


@test("a Python with a built-in interpreter, and a libpython that is only mapped")
def _():
    copy, = libraries(1)
    check_frames([copy], PYTHON, program(), copy)


@test("a mapped and an idle initialised libpython, both loaded before the running one")
def _():
    copies = libraries(3)
    check_frames(copies, EMBED, ":".join(copies), program())


@test("one libpython file loaded twice, of which the second runs")
def _():
    live, mapped = libraries(2)
    check_frames([live, mapped], EMBED, ":".join((live, mapped, live)), program())


@test("an interpreter that starts while its process is sampled")
def _():
    library, = libraries(1)
    sleeper = os.path.join(temp_dir(), "late.py")
    with open(sleeper, "w", encoding="ascii") as file:
        file.write("import time\ndef late():\n    time.sleep(60)\nlate()\n")
    with Target(EMBED, library, sleeper, env={"EMBED_WAIT": "3"}) as target:
        result = pmp("-p", target.pid, "-n", 40, "-q", "-f", "yaml")
        equal(result.code, 0, result)
        profile = Profile(result.out)
        equal(profile.total, 40)
        check(5 < profile.weight("late", "python") < 40, "samples of its frames",
              profile.weight("late", "python"))


if __name__ == "__main__":
    main()
