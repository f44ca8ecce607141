"""pmp fold of stacks that a user saved with gdb gives the same tree as a live run."""

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

# A program whose threads are blocked: each sample is the same.
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
    """Saves the output of `gdb -p PID -batch -ex COMMAND...`, run count times; returns its path."""
    path = os.path.join(temp_dir(), "gdb.txt")
    words = [word for command in commands for word in ("-ex", command)]
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(count):
            result = run("gdb", "-nx", "-p", str(pid), "-batch", *words)
            equal(result.code, 0, result)
            file.write(result.out + result.err)
    return path


def python_functions(profile):
    """{Python functions of a stack, root first: count}, without the classes, which py-bt omits."""
    stacks = {}
    for path in profile.paths():
        if path[-1]["self"]:
            names = tuple(node["frame"].rpartition(".")[2] for node in path
                          if node["kind"] == "python")
            stacks[names] = stacks.get(names, 0) + path[-1]["self"]
    return stacks


def functions(collapsed):
    """{collapsed stack without brackets and offsets: count}. For a frame without a symbol, a live
    run has the offset into the file, gdb's text an address."""
    stacks = {}
    for line in collapsed.splitlines():
        stack, _, count = line.rpartition(" ")
        stack = re.sub(r" \([^;]*\)(?=;|$)", "", stack)
        stack = re.sub(r"\b0x[0-9a-f]+", "0x", stack)
        stacks[stack] = stacks.get(stack, 0) + int(count)
    return stacks


@test("saved bt of a blocked target gives the stacks of the live run")
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


@test("saved bt of a busy C program gives its functions in call order")
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
        # The first thread is below main, the second below a libc function, which may have no
        # symbol.
        check(0 < profile.weight_below("main", "run") < profile.weight_below("run"), "two threads")
    # The few saved stacks may not contain every part of the program.
    check(live.weight_below("run", "encode", "hash_block"), "run > encode > hash_block")
    names = {path[-1]["frame"] for path in live.paths()}
    for path in folded.paths():
        # hash_block and the libc calls are short, so one of the two profiles may lack them.
        if path[-1]["frame"] in ("main", "run", "encode", "decode", "wait_for_work",
                                 "start_thread"):
            check(path[-1]["frame"] in names, "only in the saved text: " + path[-1]["frame"])


@test("saved py-bt of a blocked Python gives the Python functions of the live run")
def _():
    need_live_python()
    python, env, debug = python_with_symbols()
    helper = glob.glob(os.path.join(os.path.dirname(debug), "..", "share", "gdb", "auto-load",
                                    "usr", "bin",
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
