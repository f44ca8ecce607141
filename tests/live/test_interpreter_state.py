"""What the interpreter does is a frame at the leaf: two threads that want the GIL, one that rests, one that collects."""

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
DOES = {"waits for the GIL", "holds the GIL", "collects garbage"}


def look(*argv):
    """Function -> what was done in it, with its weight."""
    path = os.path.join(temp_dir(), "p.yaml")
    with Target(PYTHON, "-c", PROGRAM, *argv) as target:
        result = pmp("-p", target.pid, "-n", 20, "-r", 20, "-o", path)
        equal(result.code, 0, result)
        target.check_unharmed()
    seen = {}
    for nodes in Profile.load(path).paths():
        leaf = nodes[-1]
        check(leaf["kind"] != "marker" or not leaf.get("calls"), "a marker that is no leaf", leaf)
        if leaf["self"]:
            does = leaf["frame"] if leaf["kind"] == "marker" else ""
            check(does in DOES | {""}, "what is this?", does)
            for name in {node["frame"] for node in nodes if node["kind"] == "python"}:
                seen.setdefault(name, {})
                seen[name][does] = seen[name].get(does, 0) + leaf["self"]
    note("seen %s" % seen)
    return seen


@test("of two threads that spin one holds the GIL, and the other waits for it")
def _():
    need_live_python()
    seen = look()
    equal(set(seen["rest"]), {""}, "one that rests neither holds nor wants it")
    check(seen["spin"].get("waits for the GIL", 0) >= 5, seen["spin"])
    check(seen["spin"].get("holds the GIL", 0) >= 5, seen["spin"])
    check(seen["spin"]["holds the GIL"] <= 20, "more than one holds it", seen["spin"])


@test("the collector is seen at work")
def _():
    need_live_python()
    seen = look("gc")
    check(seen["collect"].get("collects garbage", 0) >= 3, seen["collect"])
    check("collects garbage" not in seen["spin"], seen["spin"])


main()
