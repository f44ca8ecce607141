"""Markers for the interpreter's state are leaf frames: of two threads that compete for the GIL, one
that sleeps, and one that collects garbage."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import PYTHON, Target, check, equal, main, note, pmp, temp_dir, test  # noqa: E402

PROGRAM = """
import gc, os, sys, threading, time

def spin():
    while True: pass

def rest():
    time.sleep(60)

kept = [[i] for i in range(300000)] if "gc" in sys.argv else []

def collect():
    while True: gc.collect()

for work in spin, spin, rest:
    threading.Thread(target=work, daemon=True).start()
print("ready", os.getpid(), flush=True)
collect() if "gc" in sys.argv else time.sleep(60)
"""
MARKERS = {"waits for the GIL", "holds the GIL", "collects garbage"}


def states_by_function(*argv):
    """{Python function: {marker, or "": weight}} of a run of PROGRAM."""
    path = os.path.join(temp_dir(), "p.yaml")
    with Target(PYTHON, "-c", PROGRAM, *argv) as target:
        result = pmp("-p", target.pid, "-n", 20, "-r", 20, "-o", path)
        equal(result.code, 0, result)
        target.check_unharmed()
    seen = {}
    for nodes in Profile.load(path).paths():
        leaf = nodes[-1]
        check(leaf["kind"] != "marker" or not leaf.get("calls"), "a marker with callees", leaf)
        if leaf["self"]:
            state = leaf["frame"] if leaf["kind"] == "marker" else ""
            check(state in MARKERS | {""}, "unknown marker", state)
            for name in {node["frame"] for node in nodes if node["kind"] == "python"}:
                seen.setdefault(name, {})
                seen[name][state] = seen[name].get(state, 0) + leaf["self"]
    note("seen %s" % seen)
    return seen


@test("of two spinning threads, one holds the GIL and the other waits for it")
def _():
    need_live_python()
    seen = states_by_function()
    equal(set(seen["rest"]), {""}, "a sleeping thread neither holds nor wants it")
    check(seen["spin"].get("waits for the GIL", 0) >= 5, seen["spin"])
    check(seen["spin"].get("holds the GIL", 0) >= 5, seen["spin"])
    check(seen["spin"]["holds the GIL"] <= 20, "more than one holds it", seen["spin"])


@test("a thread in the garbage collector is marked")
def _():
    need_live_python()
    seen = states_by_function("gc")
    check(seen["collect"].get("collects garbage", 0) >= 3, seen["collect"])
    check("collects garbage" not in seen["spin"], seen["spin"])


main()
