#!/usr/bin/env python3
"""Where threads cannot be seized, gdb attaches for each sample: the note that says so, Python
frames, and that pmp undoes what gdb leaves (cli/safety)."""

import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from tap import PYTHON, Target, check, equal, main, pmp, proc_status, run, skip, temp_dir, test
from targets import await_samples, gdb_with, need_live_python, start_pmp

SOURCE = """
import threading
def inner():
    for _ in range(1000): pass
def outer():
    while True: inner()
for _ in range(2): threading.Thread(target=outer, daemon=True).start()
print("ready 1", flush=True)
outer()
"""
NOTE = r"gdb cannot seize threads \(%s\): it attaches for each sample"
# A seccomp filter that fails ptrace (101) with EPERM if its request is PTRACE_SEIZE.
FILTERED = """
import ctypes, os, struct, sys
code = b"".join(struct.pack("<HBBI", *row) for row in (
    (0x20, 0, 0, 0), (0x15, 0, 3, 101), (0x20, 0, 0, 16), (0x15, 0, 1, 0x4206),
    (6, 0, 0, 0x50001), (6, 0, 0, 0x7fff0000)))
rows = ctypes.create_string_buffer(code)
program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", 6, ctypes.addressof(rows)))
libc = ctypes.CDLL(None)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit(77)
os.execvp("gdb", ["gdb"] + sys.argv[1:])
"""


def target():
    return Target(PYTHON, "-c", SOURCE, ready="ready")


def no_ctypes():
    return gdb_with('python import sys; sys.modules["ctypes"] = None')


def no_seize():
    path = os.path.join(temp_dir(), "gdb")
    with open(path, "w", encoding="ascii") as file:
        file.write("#!%s\n%s" % (PYTHON, FILTERED))
    os.chmod(path, 0o755)
    if run(path, "-nx", "-batch").code == 77:
        skip("seccomp is missing")
    return path


def check_harmless(process):
    """It runs, as it did before, and no signal is pending."""
    process.check_unharmed()
    for tid in process.threads():
        for key in ("SigPnd", "ShdPnd"):
            equal(int(proc_status(process.pid, key, tid) or "0", 16), 0, key)


def await_gdb(process, limit=30):
    """The pid of the gdb that has just attached."""
    deadline = time.monotonic() + limit
    while True:
        gdb = int(proc_status(process.pid, "TracerPid") or "0")
        if gdb:
            return gdb
        check(time.monotonic() < deadline, "no gdb attaches")


@test("a gdb whose Python has no ctypes, and one that may not seize: a note, and merged stacks")
def _():
    need_live_python()
    for gdb, why in ((no_ctypes(), "its Python has no ctypes"),
                     (no_seize(), "Operation not permitted")):
        with target() as process:
            result = pmp("record", "-p", process.pid, "-n", 15, "-f", "collapsed", "--gdb", gdb)
            equal(result.code, 0, result)
            check(re.search(NOTE % why, result.err), result.err)
            equal(result.err.count("cannot seize"), 1, result.err)
            stacks = [line for line in result.out.splitlines() if "outer;inner" in
                      re.sub(r" \([^)]*\)", "", line)]
            count = sum(int(line.rpartition(" ")[2]) for line in stacks)
            # 3 threads, of which most stacks are in inner().
            check(count >= 30, why, result.out)
            check_harmless(process)


@test("the note is in the report, and not said where threads are seized")
def _():
    need_live_python()
    with target() as process:
        result = pmp("-p", process.pid, "-n", 3, "--gdb", no_ctypes())
        check(re.search(NOTE % "its Python has no ctypes", result.out + result.err), result)
        result = pmp("-p", process.pid, "-n", 3)
        check("cannot seize" not in result.out + result.err, result)


@test("a dump: all threads, their frames and locks; the target is unharmed")
def _():
    need_live_python()
    with target() as process:
        result = pmp("dump", "-p", process.pid, "--gdb", no_ctypes())
        equal(result.code, 0, result)
        equal(len(re.findall(r"^.*\bouter\b", result.out, re.M)) >= 3, True, result.out)
        check_harmless(process)


@test("a target that was stopped stays stopped")
def _():
    need_live_python()
    with target() as process:
        os.kill(process.pid, signal.SIGSTOP)
        result = pmp("-p", process.pid, "-n", 5, "--gdb", no_ctypes())
        equal(result.code, 0, result)
        equal({proc_status(process.pid, "State", tid)[0] for tid in process.threads()}, {"T"})
        os.kill(process.pid, signal.SIGCONT)
        check_harmless(process)


@test("SIGKILL to gdb while it is attached: the target runs, and another gdb goes on")
def _():
    need_live_python()
    with target() as process:
        raw = os.path.join(temp_dir(), "raw")
        running = start_pmp("record", "-p", process.pid, "-n", 12, "--gdb", no_ctypes(),
                            "--save-raw", raw)
        await_samples(running, raw)
        for _ in range(3):
            os.kill(await_gdb(process), signal.SIGKILL)
            time.sleep(0.1)
        out = running.communicate(timeout=60)
        equal(running.returncode, 0, out)
        check_harmless(process)


@test("SIGKILL to gdb and pmp while gdb is attached: the guard lets the target run")
def _():
    need_live_python()
    for stopped in (False, True):
        with target() as process:
            if stopped:
                os.kill(process.pid, signal.SIGSTOP)
            raw = os.path.join(temp_dir(), "raw")
            running = start_pmp("record", "-p", process.pid, "-n", 400, "--gdb", no_ctypes(),
                                "--save-raw", raw)
            await_samples(running, raw)
            gdb = await_gdb(process)
            os.kill(running.pid, signal.SIGSTOP)  # it sees nothing of gdb's end
            os.kill(gdb, signal.SIGKILL)
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
            deadline, wanted = time.monotonic() + 10, "T" if stopped else "R"
            while proc_status(process.pid, "State")[0] != wanted:
                check(time.monotonic() < deadline, wanted, proc_status(process.pid, "State"))
                time.sleep(0.01)
            time.sleep(0.2)
            if stopped:
                equal(proc_status(process.pid, "State")[0], "T")
                os.kill(process.pid, signal.SIGCONT)
            check_harmless(process)


main()
