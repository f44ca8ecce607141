"""A stripped Python: its C functions have names, the same ones in each run and in each root."""

import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import (PYTHON, ROOT, Target, check, children, equal, main, pmp, run,  # noqa: E402
                 skip, temp_dir, test)

PROGRAM = os.path.join(ROOT, "tests", "harness", "programs", "native_between.py")
# Python function -> the C functions that it calls, in order (3.7 and later).
BETWEEN = (("spread", ("map.__next__",)), ("order", ("sorted", "list.sort")),
           ("substitute", (r"re.Pattern.sub",)), ("replace", (r"slot.__add__",)),
           ("Item.__add__|__add__", (r"_functools.reduce",)), ("wait", (r"time.sleep",)))
IN_ROOT = 'mount --bind / "$0" && exec chroot "$0" "$@"'


def need_stripped():
    need_gdb()
    real = os.path.realpath(PYTHON)
    if "libpython" in run("readelf", "-d", real).out or " .symtab " in run("readelf", "-SW",
                                                                            real).out:
        skip("a stripped Python in one file")
    if os.path.exists("/usr/lib/debug/usr/bin/" + os.path.basename(real)):
        skip("a Python without debug files")


def sample(pid, *options):
    path = os.path.join(temp_dir(), "p.yaml")
    result = pmp("-p", pid, "-n", 2, "-o", path, *options)
    equal(result.code, 0, result)
    return path


def stack(profile):
    """The frames of the only stack, root first."""
    nodes, found = profile.tree, []
    while nodes:
        equal(len(nodes), 1, [node["frame"] for node in nodes])
        found.append(nodes[0])
        nodes = nodes[0].get("calls")
    return found


@test("C functions between Python functions have the names that Python gives them")
def _():
    need_stripped()
    with Target(PYTHON, PROGRAM, ready="ready") as target:
        frames = stack(Profile.load(sample(target.pid)))
    names = [frame["frame"] for frame in frames]
    for caller, callees in BETWEEN:
        at = next((i for i, name in enumerate(names) if re.fullmatch(caller, str(name))), None)
        check(at is not None, caller, names)
        native = []
        for frame in frames[at + 1:]:
            if frame["kind"] != "native":
                break
            native.append(frame["frame"])
        found = [name for name in native if name in callees]
        equal(found, list(callees), (caller, native))
        check(not any(name.startswith("fn 0x") for name in native), caller, native)


@test("two roots with the same build: no function is in one only")
def _():
    need_stripped()
    if os.geteuid() or not shutil.which("unshare") or run("unshare", "--mount", "true").code:
        skip("only root can make a mount namespace")
    with Target(PYTHON, PROGRAM, ready="ready") as target:
        here = sample(target.pid, "--glue")
    with Target("unshare", "--mount", "sh", "-c", IN_ROOT, temp_dir(), PYTHON, PROGRAM,
                ready="ready") as target:
        there = sample((children(target.pid) or [target.pid])[0], "--glue")
    names = [[frame["frame"] for frame in stack(Profile.load(path))] for path in (here, there)]
    check(any(name.startswith("fn 0x") for name in names[0]), "no function without a name", names)
    equal(names[0], names[1])
    result = pmp("diff", here, there)
    equal(result.code, 0, result)
    check("same build" not in result.err + result.out, result)


main()
