"""The part of torture's table that is no fault of anybody's: signals that have to arrive, and targets and gdbs
for which pmp would wait for ever."""

import ctypes
import os
import signal
import stat
import subprocess
import time

import torture_table as table
from victims import LIBC, Pmp, left_of_ours, state, status, tids, until

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
TELLS = 1000
GDBS = {
    "prints without end": "exec yes 'This is no line that means a thing.'",
    "never answers": "exec cat > /dev/null",
    "asks a question": "echo 'Really? (y or n) '; read answer; exec sleep 1000",
    "prints half a line without end": "exec tr '\\0' x < /dev/zero",
    "closes its output": "exec > /dev/null 2>&1 3>&-; exec sleep 1000",
    "ignores SIGHUP": "trap '' HUP; while :; do sleep 1; done",
}


class Value(ctypes.Union):
    _fields_ = [("integer", ctypes.c_int), ("pointer", ctypes.c_void_p)]


def queue(pid, number, integer):
    """False: the queue is full."""
    return LIBC.sigqueue(pid, number, Value(integer=integer)) == 0


def sample(case, kind, number=0, args=(), codes=(0,), seconds=3, **options):
    """Begins to sample a target of this kind."""
    case.row.codes = codes
    case.start("-d", seconds, *args, kind=kind, number=number, **options)


def finish(case):
    case.see_pmp_end()
    case.look()


def number_of(case, what):
    words = case.victim.ask(what).split()
    return int(words[1]) if len(words) == 2 and words[1].isdigit() else " ".join(words)


def expect(case, what, wanted):
    got = number_of(case, what)
    if got != wanted:
        case.harm.append("%s: %s, not %s" % (what, got, wanted))


def usr1_arrives(case):
    """One at a time: as many as are pending at once are one."""
    sample(case, "threads")
    case._await(case._in_stop)
    for i in range(1, TELLS + 1):
        os.kill(case.victim.pid, signal.SIGUSR1)
        # It may be stopped for seconds, where many are sampled at once.
        if i % 10 == 0:
            if not until(lambda: number_of(case, "usr1") == i, table.LIMIT, 0.002):
                break
        else:
            time.sleep(0.001)
            until(lambda: not pending(case.victim.pid), table.LIMIT, 0.0002)
    expect(case, "usr1", TELLS)
    finish(case)


def pending(pid):
    fields = status(pid, pid)
    return int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)


def real_time_arrives(case):
    sample(case, "busy")
    case._await(case._in_stop)
    for i in range(TELLS):
        if not until(lambda: queue(case.victim.pid, signal.SIGRTMIN, i), 5):
            case.harm.append("the queue of signals is full")
        if i % 20 == 0:
            time.sleep(0.02)
    until(lambda: number_of(case, "real-time") == TELLS, 5, 0.01)
    expect(case, "real-time", TELLS)
    finish(case)


def sigint(how):
    def whole(case):
        sample(case, "sigint-" + how)
        case._await(case._in_stop)
        heard = 0 if how in ("ignored", "blocked") else 5
        for i in range(5 if how != "blocked" else 0):
            os.kill(case.victim.pid, signal.SIGINT)
            time.sleep(case.rng.uniform(0, 0.1))
            if heard:
                until(lambda: number_of(case, "sigint") == i + 1, 3, 0.005)
        expect(case, "sigint", heard)
        finish(case)
    return whole


def calls_go_on(case):
    """What is asleep in the kernel is not told to start again, where the kernel can help it."""
    sample(case, "threads")
    case.see_pmp_end()
    expect(case, "eintr", 0)
    case.look()


def kind(name, number=0, **options):
    def whole(case):
        sample(case, name, number, **options)
        finish(case)
    return whole


def lender(case):
    """A thread of it is in state D."""
    sample(case, "lender", codes=(0, 1, 7))
    finish(case)


def deep(case):
    sample(case, "deep", 50000, seconds=1, args=("-r", "4"))
    case.see_pmp_end(60)
    case.victim.harm_of_life = lambda: []  # it obeys nobody
    case.look()


def many(case):
    sample(case, "many", 2000, seconds=2, args=("-r", "2"))
    case.see_pmp_end(150)  # gdb needs seconds of a processor for each look, which six others want, too
    case.look()


def stopped(case):
    sample(case, "threads", frozen=True)
    finish(case)


def zombie(case):
    child = subprocess.Popen(["true"])
    until(lambda: state(child.pid) == "Z", 5)
    refused(case, child.pid, 0 if case.row.mode == "dump" else 3)
    child.wait()


def nobody(case):
    child = subprocess.Popen(["true"])
    child.wait()
    refused(case, child.pid, 3)


def refused(case, pid, code):
    case.targets = 0
    case.pmp = Pmp(*table.pmp_words(case.row.mode, pid))
    case.see_pmp_end(20)
    if case.pmp.code != code:
        case.harm.append("pmp's code is %s, not %d: %s" % (case.pmp.code, code, case.said()))
    case.harm += ["left: " + what for what in left_of_ours({pid, case.pmp.pid}, table.LEFT)[1]]


def traced(case):
    case.victim = table.Victim("threads")
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for tid in tids(case.victim.pid):
        LIBC.ptrace(PTRACE_SEIZE, tid, None, None)
    case.output = os.path.join(case.folder, "out.yaml")
    case.pmp = Pmp(*table.pmp_words(case.row.mode, case.victim.pid))
    case.row.codes, case.row.more["no_file"] = (6,), True
    case.see_pmp_end(20)
    for tid in tids(case.victim.pid):
        # A thread has to be stopped to be let go of.
        LIBC.ptrace(PTRACE_INTERRUPT, tid, None, None)
        until(lambda t=tid: os.waitpid(t, WALL | os.WNOHANG)[0], 2)
        LIBC.ptrace(PTRACE_DETACH, tid, None, None)
    case.look()


def odd_gdb(text):
    def whole(case):
        path = os.path.join(case.folder, "gdb")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n%s\n" % text)
        os.chmod(path, stat.S_IRWXU)
        case.row.more["no_file"] = True
        sample(case, "threads", args=("--gdb", path), codes=(1, 5, 7), env=table.HASTE)
        case.see_pmp_end(40)
        os.unlink(path)
        case.look()
    return whole


SITUATIONS = {
    "1,000 SIGUSR1 arrive": usr1_arrives,
    "1,000 real-time signals, in order": real_time_arrives,
    "calls are not broken off": calls_go_on,
    "a thread in state D (vfork)": lender,
    "the target is stopped": stopped,
    "2,000 threads": many,
    "threads come and go all the time": kind("storm", seconds=2),
    "it loads and forks all the time": kind("busy", seconds=3),
    "a stack of 50,000 frames": deep,
    "another tracer": traced,
    "a zombie": zombie,
    "no process": nobody,
}
SITUATIONS.update({"SIGINT is %s" % how: sigint(how)
                   for how in ("blocked", "ignored", "handled", "waited", "fd")})
SITUATIONS.update({"a gdb that " + what: odd_gdb(text) for what, text in GDBS.items()})


def rows():
    for name, whole in SITUATIONS.items():
        for mode in table.MODES:
            yield table.Row(name, "any", mode, None, whole=whole)
