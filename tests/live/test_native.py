"""Programs without Python: one with symbols, one stripped; text that a gdb printed by hand."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from profiles import Profile  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import (BUILD, PYTHON, Target, check, equal, main, near, note, pmp, run, temp_dir,  # noqa: E402
                 test)

WORK = os.path.join(BUILD, "samples", "work")


def sample(program, count):
    path = os.path.join(temp_dir(), "p.yaml")
    with Target(program, "--threads", "3", "--seconds", "60") as target:
        result = pmp("-p", target.pid, "-n", count, "-o", path)
        equal(result.code, 0, result)
        target.check_unharmed()
    profile = Profile.load(path)
    note("sampling %s\nstacks %s" % (profile.sampling, profile.stacks))
    equal(profile.total, 3 * count)
    equal(profile.stacks["native_only"], profile.total)
    check("python" not in profile.data["target"], "a Python in a C program", profile.data["target"])
    profile.check_whole()
    return profile


@test("a C program: split and order")
def _():
    need_gdb()
    profile = sample(WORK, 60)
    for name, share in (("encode", 40), ("decode", 20), ("wait_for_work", 40)):
        near(profile.share(name), share, 10, name)
    check(profile.weight_below("main", "run", "encode", "hash_block"), "order")
    # Without a Python frame nothing is start-up that could be hidden.
    check(profile.weight("main"), "main is hidden")


@test("a stripped C program: offsets for names, the same split")
def _():
    need_gdb()
    profile = sample(WORK + "-stripped", 60)
    offsets = {path[-1]["frame"] for path in profile.paths() if path[-1]["frame"].startswith("0x")}
    check(offsets, "no frame is an offset")
    for path in profile.paths():
        if path[-1]["frame"] in offsets:
            check(path[-1].get("module"), "an offset into what?", path[-1])
    sleeping = sum(profile.weight(name) for name in
                   {path[-1]["frame"] for path in profile.paths() if "nanosleep" in path[-1]["frame"]
                    and not any("nanosleep" in above["frame"] for above in path[:-1])})
    near(100.0 * sleeping / profile.total, 40, 10, "nanosleep")
    # The offsets are those of the program's own functions.
    symbols = run("nm", WORK).out
    start = int(re.search(r"^([0-9a-f]+) t encode$", symbols, re.MULTILINE).group(1), 16)
    inside = [o for o in offsets if start <= int(o, 16) < start + 200]
    check(inside, "no offset lies in encode, which begins at %#x" % start, sorted(offsets))


# A program that does not move: what is seen of it is always the same.
STILL = """
import threading, time, os
def wait(): time.sleep(100)
def below(): wait()
def other(): below()
for i in range(2): threading.Thread(target=other, daemon=True).start()
def start():
    time.sleep(0.5)
    print("ready", os.getpid(), flush=True)
    below()
start()
"""


def by_hand(pid, count, *commands):
    """What a person saves: gdb -p PID -batch -ex 'thread apply all bt', so many times."""
    path = os.path.join(temp_dir(), "gdb.txt")
    words = [word for command in commands for word in ("-ex", command)]
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(count):
            result = run("gdb", "-nx", "-p", str(pid), "-batch", *words)
            equal(result.code, 0, result)
            file.write(result.out + result.err)
    return path


def functions(collapsed):
    """Collapsed stacks without what is in brackets, each with its count."""
    stacks = {}
    for line in collapsed.splitlines():
        stack, _, count = line.rpartition(" ")
        stack = re.sub(r" \([^;]*\)(?=;|$)", "", stack)
        stacks[stack] = stacks.get(stack, 0) + int(count)
    return stacks


@test("fold of text saved by hand is the tree of the live run: C")
def _():
    need_gdb()
    # All its threads are in wait_for_work or a moment away from it; only the stacks at rest are compared.
    with Target(PYTHON, "-S", "-c", STILL) as target:
        live = pmp("-p", target.pid, "-n", 4, "-f", "collapsed", "--attach", "plain")
        equal(live.code, 0, live)
        text = by_hand(target.pid, 4, "thread apply all bt")
        target_threads = len(target.threads())
    folded = pmp("fold", "-f", "collapsed", text)
    equal(folded.code, 0, folded)
    equal(functions(folded.out), functions(live.out), "by hand and --attach plain")
    equal(sum(functions(folded.out).values()), 4 * target_threads)


@test("fold of text saved by hand: the busy C program's shares")
def _():
    need_gdb()
    with Target(WORK, "--threads", "2", "--seconds", "60") as target:
        text = by_hand(target.pid, 12, "thread apply all bt")
        live = Profile(pmp("-p", target.pid, "-n", 30, "-f", "yaml", "-q").out)
        target.check_unharmed()
    folded = Profile(pmp("fold", "-f", "yaml", text).out)
    equal(folded.total, 24)
    equal(folded.data["text"]["unknown_lines"], 0)
    for name in ("encode", "decode", "wait_for_work"):
        near(folded.share(name), live.share(name), 35, name)
    for chain in (("main", "run", "encode", "hash_block"), ("start_thread", "run", "encode")):
        check(live.weight_below(*chain), "live: no " + " > ".join(chain))
    names = {path[-1]["frame"] for path in live.paths()}
    for path in folded.paths():
        # hash_block and what is called in libc are short: both need not have been seen in both.
        if path[-1]["frame"] in ("main", "run", "encode", "decode", "wait_for_work", "start_thread"):
            check(path[-1]["frame"] in names, "only in the text by hand: " + path[-1]["frame"])


main()
