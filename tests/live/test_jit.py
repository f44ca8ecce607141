"""Code that a target generates at run time: unwound, and named from /tmp/perf-PID.map."""

import glob
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import BUILD, Target, check, equal, main, pmp, run, skip, temp_dir, test  # noqa: E402

FIB = "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }\n" \
      "function work()\n" \
      "{ let sum = 0; for (let i = 0; i < 20; i++) sum += fib(24); return sum; }\n" \
      "work(); console.log('ready ' + process.pid); while (true) work();\n"
HAS_TRAMPOLINE = "import sysconfig\n" \
                 "sysconfig.get_config_var('PY_HAVE_PERF_TRAMPOLINE') or 1 / 0\n"
SPIN = "import os, time\n" \
       "def key(x):\n" \
       "    end = time.perf_counter() + 0.01\n" \
       "    while time.perf_counter() < end: pass\n" \
       "    return x\n" \
       "def work(): return sorted([3, 2, 1], key=key)\n" \
       "work(); print('ready', os.getpid(), flush=True)\n" \
       "while True: work()\n"


def sample(target, count, *options):
    """The target's profile. Deletes the map."""
    path = os.path.join(temp_dir(), "p.yaml")
    try:
        with target:
            result = pmp("-p", target.pid, "-n", count, "-o", path, *options)
            equal(result.code, 0, result)
            target.check_unharmed()
    finally:
        if os.path.exists("/tmp/perf-%d.map" % target.pid):
            os.unlink("/tmp/perf-%d.map" % target.pid)
    return Profile.load(path)


def frame_names(path):
    return [frame["frame"] for frame in path]


def stacks(profile):
    """The paths of frames at which a stack ends."""
    return [path for path in profile.paths() if path[-1]["self"]]


@test("frames with and without a frame pointer are unwound")
def _():
    need_gdb()
    target = Target(os.path.join(BUILD, "tests", "harness", "programs", "jit"))
    profile = sample(target, 5)
    equal(profile.total, 5)
    for path in stacks(profile):
        check("main" in frame_names(path), "the stack ends above main", frame_names(path))
        after = frame_names(path)[frame_names(path).index("main") + 1:]
        equal(after, ["made keeps(int) x.js:3", "call_bare", "made\\x3bbare", "spin"])
        module = path[frame_names(path).index("call_bare") - 1]["module"]
        equal(module, "/tmp/perf-%d.map" % target.pid)


@test("Node's functions have their names with --perf-basic-prof")
def _():
    need_gdb()
    node = shutil.which("node")
    if not node or "--perf-basic-prof" not in run(node, "--v8-options").out.replace("_", "-"):
        skip("a node with --perf-basic-prof is missing")
    script = os.path.join(temp_dir(), "fib.js")
    with open(script, "w", encoding="ascii") as file:
        file.write(FIB)
    folder = temp_dir()  # node writes a log to its working directory
    profile = sample(Target(node, "--perf-basic-prof", script, cwd=folder), 10)
    spinning = [path for path in stacks(profile)
                if any("fib " in name for name in frame_names(path))]
    check(sum(path[-1]["self"] for path in spinning) >= 9, "fib is not seen",
          list(map(frame_names, spinning)))
    for path in spinning:
        check("node::Start" in " ".join(frame_names(path)), "the stack ends above node's main",
              frame_names(path))


def check_unnamed(profile):
    """Each stack has the root of its thread, and a run of generated code is one frame."""
    for path in stacks(profile):
        names = frame_names(path)
        check(names[0] in ("_start", "clone3", "__clone3"), "the stack has another root", names)
        for name, after in zip(names, names[1:]):
            check(name != "[JIT code]" or after != name, "two frames for one run", names)
        for frame in path:
            check(not frame["frame"].startswith("0x") or frame["module"], "a false frame", names)


@test("unnamed generated code is one frame, and the stack goes on to its root")
def _():
    need_gdb()
    target = Target(os.path.join(BUILD, "tests", "harness", "programs", "jit"))
    os.unlink("/tmp/perf-%d.map" % target.pid)
    profile = sample(target, 5)
    check_unnamed(profile)
    for path in stacks(profile):
        names = frame_names(path)
        after = names[names.index("main") + 1:]
        equal([name for name in after if name != "call_bare"], ["[JIT code]"] * after.count(
            "[JIT code]") + ["spin"])
        check("[JIT code]" in after, names)


@test("Node without names: one root a thread, and a hint")
def _():
    need_gdb()
    node = shutil.which("node") or skip("no node")
    script = os.path.join(temp_dir(), "fib.js")
    with open(script, "w", encoding="ascii") as file:
        file.write(FIB)
    with Target(node, script) as target:
        path = os.path.join(temp_dir(), "p.yaml")
        result = pmp("-p", target.pid, "-n", 10, "-o", path)
        check("node --perf-basic-prof" in result.err + result.out, result)
        check(re.search(r"on CPU in .*\[JIT code, [0-9]+ frames\]",
                        pmp("dump", "-p", target.pid).out), "no run in the dump")
    profile = Profile.load(path)
    check_unnamed(profile)
    check(profile.weight("[JIT code]") >= 8, "generated code is missing")


@test("the trampolines of python -X perf leave no gap in the stack")
def _():
    need_gdb()
    found = [path
             for path in glob.glob(os.path.expanduser("~/.pyenv/versions/3.1[2-9]*/bin/python"))
             + [shutil.which("python3.%d" % minor) or "" for minor in range(12, 20)]
             if path and run(path, "-c", HAS_TRAMPOLINE).code == 0]
    if not found:
        skip("a CPython 3.12 or later with -X perf is missing")
    script = os.path.join(temp_dir(), "spin.py")
    with open(script, "w", encoding="ascii") as file:
        file.write(SPIN)
    profile = sample(Target(found[0], "-X", "perf", script), 10, "--glue")
    equal(profile.total, 10)
    for path in stacks(profile):
        check(frame_names(path)[0] == "_start", "the stack does not begin with _start",
              frame_names(path))
    check(profile.weight("list_sort") or profile.weight("py::key:" + script)
          or profile.weight("key"),
          "nothing is below the trampolines")


main()
