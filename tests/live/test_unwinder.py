"""The agent's unwinder and names give the same frames as gdb's, at each instruction."""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import pythons  # noqa: E402
from targets import need_gdb  # noqa: E402
from profiles import Profile  # noqa: E402
from tap import (BUILD, PYTHON, ROOT, Target, check, equal, main, note, pmp, run,  # noqa: E402
                 skip, temp_dir, test)

HELPERS = os.path.join(ROOT, "tests", "harness", "programs")
ROUNDS = 150
NESTED = r"""
#include <stdio.h>
#include <unistd.h>

static volatile unsigned sink;

static __attribute__((noinline)) void around(int (*order)(int), int times)
{
    for (int i = 0; i < times; i++)
        sink += order(i);
}

static __attribute__((noinline)) int outer(int factor)
{
    __attribute__((noinline)) int inner(int n)
    {
        for (int i = 0; i < 100; i++)
            sink += i * factor;
        return n * factor;
    }
    around(inner, 50);
    return factor;
}

int main(void)
{
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    for (int i = 0;; i++)
        sink += outer(i);
}
"""
BUSY = """
import json, os, re, sys
print("ready %d" % os.getpid())
sys.stdout.flush()
while True:
    text = json.dumps({str(i): sorted([i, 2.5, "x" * i], key=str) for i in range(20)})
    re.findall("[0-9]+", text), json.loads(text)
"""
GREENLETS = """
import os, greenlet
def work():
    main.switch()
    while True:
        sum(range(1000))
def start(depth):
    if depth:
        start(depth - 1)
    else:
        inner.switch()
main, inner = greenlet.getcurrent(), greenlet.greenlet(work)
start(20)
print("ready %d" % os.getpid(), flush=True)
inner.switch()
"""


def both_ways(*argv, steps="yes"):
    need_gdb()
    with Target(*argv) as target:
        result = run("gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-x",
                     os.path.join(HELPERS, "both_ways.py"), limit=100,
                     env={"PMP_PID": str(target.pid), "PMP_ROUNDS": str(ROUNDS),
                          "PMP_STEPS": steps})
    found = re.search(r"^BOTH WAYS (\d+) (\d+) (\d+) (\d+)$", result.out, re.M)
    check(found, "both_ways.py did not end", result)
    rounds, frames, cut, wrong = (int(word) for word in found.groups())
    note("%s: %d frames, %d stacks without their root" % (argv[0], frames, cut))
    equal(wrong, 0, result)
    check(frames > 3 * rounds, "too few frames", frames)
    equal(cut, 0, result)


def compiled(compiler, source, *options):
    if shutil.which(compiler) is None:
        skip("no " + compiler)
    path = os.path.join(temp_dir(), "program")
    result = run(compiler, "-g", "-pthread", *options, "-o", path, source, limit=100)
    equal(result.code, 0, result)
    return path


@test("C++: inlining, templates, lambdas, signal handlers, vdso; with -O2, -O0, and stripped")
def _():
    fast = compiled(os.environ.get("CXX", "c++"), os.path.join(HELPERS, "frames.cc"), "-O2")
    for path in (fast,
                 compiled(os.environ.get("CXX", "c++"), os.path.join(HELPERS, "frames.cc"), "-O0")):
        both_ways(path, steps="no")
    run("strip", fast)
    both_ways(fast, steps="no")


@test("GNU C: a nested function")
def _():
    source = os.path.join(temp_dir(), "nested.c")
    with open(source, "w") as file:
        file.write(NESTED)
    both_ways(compiled(os.environ.get("CC", "cc"), source, "-O1", "-fno-pie", "-no-pie"))


@test("C and Python programs, with and without symbols")
def _():
    both_ways(os.path.join(BUILD, "samples", "work-stripped"), "--threads", "2", "--seconds", "100")
    found = {PYTHON} | {python.path for python in pythons.found()
                        if python.version in ((2, 7), (3, 13))}
    for path in sorted(found):
        both_ways(path, "-c", BUSY)


def three_ways(path, full, steps):
    """The counts of three_ways.py for a program; full: its file with all symbols."""
    need_gdb()
    variables = {"NO_SIGNALS": "1"} if steps == "yes" else {}
    with Target(path, env=variables) as target:
        result = run("gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-x",
                     os.path.join(HELPERS, "three_ways.py"), limit=200,
                     env={"PMP_PID": str(target.pid), "PMP_ROUNDS": "40", "PMP_STEPS": steps,
                          "PMP_FULL": full})
    found = re.search(r"^THREE WAYS (.*)$", result.out, re.M)
    check(found, "three_ways.py did not end", result)
    return json.loads(found.group(1))


@test("code without unwind tables: the frames that full symbols tell, more than gdb finds")
def _():
    source, options = os.path.join(HELPERS, "no_tables.c"), (
        "-fno-asynchronous-unwind-tables", "-fno-unwind-tables")
    for flags, steps in ((("-O2", "-fomit-frame-pointer"), "yes"),
                         (("-O2", "-fno-omit-frame-pointer"), "no"),
                         (("-O0", "-fno-omit-frame-pointer"), "yes")):
        full = compiled(os.environ.get("CC", "cc"), source, *options, *flags)
        for strip in "-g", "-s":
            path = full + strip
            equal(run("strip", strip, "-o", path, full).code, 0)
            counts = three_ways(path, full, steps)
            note("%s %s: %s" % (" ".join(flags), strip, counts))
            ours, frames = counts["agent"], counts["frames"]
            check(ours["found"] >= max(counts["gdb"]["found"], 0.99 * frames), counts)
            check(ours["invented"] <= 0.02 * frames, counts)
    check(three_ways(full, "", "no")["agent"]["whole"] == 40, ".debug_frame")


@test("the stack of a greenlet ends at its own start, not in frames of its starter")
def _():
    need_gdb()
    python = "/usr/bin/python3"
    if run(python, "-c", "import greenlet").code:
        skip("python3-greenlet is missing")
    path = os.path.join(temp_dir(), "p.yaml")
    with Target(python, "-c", GREENLETS) as target:
        result = pmp("-p", target.pid, "-n", 5, "-o", path)
        equal(result.code, 0, result)
    profile = Profile.load(path)
    roots = [node["frame"] for node in profile.tree]
    check(len(roots) == 1 and roots[0].endswith("g_initialstub"), "another root", roots)
    equal((profile.weight("work"), profile.weight("start")), (5, 0))


main()
