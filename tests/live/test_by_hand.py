"""Text that a person saved with a gdb of their own, on another day: pmp fold gives the tree of a live run."""

import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb, need_live_python, python_with_symbols  # noqa: E402
from tap import (BUILD, PYTHON, Target, check, equal, main, pmp, run, skip, temp_dir,  # noqa: E402
                 test)

WORK = os.path.join(BUILD, "samples", "work")

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


def python_functions(profile):
    """The Python functions of each stack, root first, each with its count; without their classes, which
    py-bt doesn't print."""
    stacks = {}
    for path in profile.paths():
        if path[-1]["self"]:
            names = tuple(node["frame"].rpartition(".")[2] for node in path if node["kind"] == "python")
            stacks[names] = stacks.get(names, 0) + path[-1]["self"]
    return stacks


def functions(collapsed):
    """Collapsed stacks without what is in brackets, each with its count. Where there is no symbol a live run
    tells the offset into the file; gdb's text has an address, and not where the file was loaded."""
    stacks = {}
    for line in collapsed.splitlines():
        stack, _, count = line.rpartition(" ")
        stack = re.sub(r" \([^;]*\)(?=;|$)", "", stack)
        stack = re.sub(r"\b0x[0-9a-f]+", "0x", stack)
        stacks[stack] = stacks.get(stack, 0) + int(count)
    return stacks


@test("bt of a target at rest: the very stacks of the live run")
def _():
    need_gdb()
    with Target(PYTHON, "-S", "-c", STILL) as target:
        live = pmp("-p", target.pid, "-n", 4, "-f", "collapsed", "--attach", "plain")
        equal(live.code, 0, live)
        text = by_hand(target.pid, 4, "thread apply all bt")
        target_threads = len(target.threads())
    folded = pmp("fold", "-f", "collapsed", text)
    equal(folded.code, 0, folded)
    equal(functions(folded.out), functions(live.out), "by hand and --attach plain")
    equal(sum(functions(folded.out).values()), 4 * target_threads)


@test("bt of a busy C program: its functions and their order")
def _():
    need_gdb()
    with Target(WORK, "--threads", "2", "--seconds", "60") as target:
        text = by_hand(target.pid, 8, "thread apply all bt")
        live = Profile(pmp("-p", target.pid, "-n", 30, "-f", "yaml", "-q").out)
        target.check_unharmed()
    folded = Profile(pmp("fold", "-f", "yaml", text).out)
    equal(folded.total, 16)
    equal(folded.data["text"]["unknown_lines"], 0)
    for profile in (live, folded):
        # The first thread came from main, the second did not (from where, only libc's symbols say).
        check(0 < profile.weight_below("main", "run") < profile.weight_below("run"), "two threads")
    # A few stops by hand need not meet every part of the program.
    check(live.weight_below("run", "encode", "hash_block"), "run > encode > hash_block")
    names = {path[-1]["frame"] for path in live.paths()}
    for path in folded.paths():
        # hash_block and what is called in libc are short: both need not have been seen in both.
        if path[-1]["frame"] in ("main", "run", "encode", "decode", "wait_for_work", "start_thread"):
            check(path[-1]["frame"] in names, "only in the text by hand: " + path[-1]["frame"])


@test("py-bt of a Python at rest: the Python functions of the live run")
def _():
    need_live_python()
    python, env, debug = python_with_symbols()
    helper = glob.glob(os.path.join(os.path.dirname(debug), "..", "share", "gdb", "auto-load", "usr", "bin",
                                    os.path.basename(os.path.realpath(python)) + "-gdb.py"))
    if not helper:
        skip("python-gdb (python3-dbg) is missing")
    with Target(python, "-S", "-c", STILL, env=env) as target:
        live = pmp("-p", target.pid, "-n", 2, "-f", "yaml", "-q")
        equal(live.code, 0, live)
        texts = [by_hand(target.pid, 2, "set debug-file-directory " + debug, "file " + python,
                         "source " + helper[0], "thread apply all " + command)
                 for command in ("py-bt", "py-bt-full")]
        target_threads = len(target.threads())
    wanted = python_functions(Profile(live.out))
    equal(sum(wanted.values()), 2 * target_threads)
    check(("<module>", "start", "below", "wait") in wanted, "the live run", wanted)
    for text in texts:
        folded = pmp("fold", "-f", "yaml", text)
        equal(folded.code, 0, folded)
        equal(python_functions(Profile(folded.out)), wanted)


main()
