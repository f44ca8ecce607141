"""Rows of torture's table without a fault: signals that must arrive, and targets and gdbs for which
pmp could wait forever."""

import ctypes
import os
import signal
import stat
import subprocess
import time

import torture_table as table
from victims import LIBC, Pmp, leftover_children, state, status, tids, wait_until

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
SIGNALS = 1000
GDBS = {
    "prints without end": "exec yes 'This line has no meaning.'",
    "never answers": "exec cat > /dev/null",
    "asks a question": "echo 'Really? (y or n) '; read answer; exec sleep 1000",
    "prints half a line without end": "exec tr '\\0' x < /dev/zero",
    "closes its output": "exec > /dev/null 2>&1 3>&-; exec sleep 1000",
    "ignores SIGHUP": "trap '' HUP; while :; do sleep 1; done",
}


class Value(ctypes.Union):
    _fields_ = [("integer", ctypes.c_int), ("pointer", ctypes.c_void_p)]


def queue(pid, number, integer):
    """Sends a signal with a value; False if the queue is full."""
    return LIBC.sigqueue(pid, number, Value(integer=integer)) == 0


def start_sampling(case, kind, number=0, args=(), codes=(0,), seconds=3, **options):
    """Starts a target of this kind and a pmp that samples it."""
    case.row.codes = codes
    case.start("-d", seconds, *args, kind=kind, number=number, **options)


def finish(case):
    case.await_pmp_end()
    case.check()


def ask_number(case, what):
    words = case.victim.ask(what).split()
    return int(words[1]) if len(words) == 2 and words[1].isdigit() else " ".join(words)


def expect_number(case, what, wanted):
    got = ask_number(case, what)
    if got != wanted:
        case.harm.append("%s: %s, not %s" % (what, got, wanted))


def usr1_arrives(case):
    """Sends one at a time: several pending SIGUSR1 are merged into one."""
    start_sampling(case, "threads")
    case._await(case._in_stop)
    for i in range(1, SIGNALS + 1):
        os.kill(case.victim.pid, signal.SIGUSR1)
        # With many cases at a time, the target may be stopped for seconds.
        if i % 10 == 0:
            if not wait_until(lambda: ask_number(case, "usr1") == i, table.LIMIT, 0.002):
                break
        else:
            time.sleep(0.001)
            wait_until(lambda: not pending(case.victim.pid), table.LIMIT, 0.0002)
    expect_number(case, "usr1", SIGNALS)
    finish(case)


def pending(pid):
    fields = status(pid, pid)
    return int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)


def real_time_arrives(case):
    start_sampling(case, "busy")
    case._await(case._in_stop)
    for i in range(SIGNALS):
        if not wait_until(lambda: queue(case.victim.pid, signal.SIGRTMIN, i), 5):
            case.harm.append("the queue of signals is full")
        if i % 20 == 0:
            time.sleep(0.02)
    wait_until(lambda: ask_number(case, "real-time") == SIGNALS, 5, 0.01)
    expect_number(case, "real-time", SIGNALS)
    finish(case)


def sigint(how):
    def scenario(case):
        start_sampling(case, "sigint-" + how)
        case._await(case._in_stop)
        expected = 0 if how in ("ignored", "blocked") else 5
        for i in range(5 if how != "blocked" else 0):
            os.kill(case.victim.pid, signal.SIGINT)
            time.sleep(case.rng.uniform(0, 0.1))
            if expected:
                wait_until(lambda: ask_number(case, "sigint") == i + 1, 3, 0.005)
        expect_number(case, "sigint", expected)
        finish(case)
    return scenario


def calls_not_interrupted(case):
    """No sleeping system call returns EINTR."""
    start_sampling(case, "threads")
    case.await_pmp_end()
    expect_number(case, "eintr", 0)
    case.check()


def sample_kind(name, number=0, **options):
    def scenario(case):
        start_sampling(case, name, number, **options)
        finish(case)
    return scenario


def vfork(case):
    """A thread of the target is in state D."""
    start_sampling(case, "vfork", codes=(0, 1, 7))
    finish(case)


def deep(case):
    start_sampling(case, "deep", 50000, seconds=1, args=("-r", "4"))
    case.await_pmp_end(60)
    case.victim.harm_in_use = lambda: []  # it takes no commands
    case.check()


def many(case):
    start_sampling(case, "many", 2000, seconds=2, args=("-r", "2"))
    case.await_pmp_end(150)  # gdb needs seconds of CPU for each sample, and other cases run beside
    case.check()


def stopped(case):
    start_sampling(case, "threads", stopped=True)
    finish(case)


def zombie(case):
    child = subprocess.Popen(["true"])
    wait_until(lambda: state(child.pid) == "Z", 5)
    check_refused(case, child.pid, 0 if case.row.mode == "dump" else 3)
    child.wait()


def no_process(case):
    child = subprocess.Popen(["true"])
    child.wait()
    check_refused(case, child.pid, 3)


def check_refused(case, pid, code):
    case.targets = 0
    case.pmp = Pmp(*table.pmp_args(case.row.mode, pid))
    case.await_pmp_end(20)
    if case.pmp.code != code:
        case.harm.append("pmp's code is %s, not %d: %s" % (case.pmp.code, code, case.pmp_stderr()))
    case.harm += ["left: " + what
                  for what in leftover_children({pid, case.pmp.pid}, table.CLEANUP_LIMIT)[1]]


def traced(case):
    case.victim = table.Victim("threads")
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for tid in tids(case.victim.pid):
        LIBC.ptrace(PTRACE_SEIZE, tid, None, None)
    case.output = os.path.join(case.folder, "out.yaml")
    case.pmp = Pmp(*table.pmp_args(case.row.mode, case.victim.pid))
    case.row.codes, case.row.more["no_file"] = (6,), True
    case.await_pmp_end(20)
    for tid in tids(case.victim.pid):
        # PTRACE_DETACH needs a stopped thread.
        LIBC.ptrace(PTRACE_INTERRUPT, tid, None, None)
        wait_until(lambda t=tid: os.waitpid(t, WALL | os.WNOHANG)[0], 2)
        LIBC.ptrace(PTRACE_DETACH, tid, None, None)
    case.check()


def odd_gdb(text):
    def scenario(case):
        path = os.path.join(case.folder, "gdb")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n%s\n" % text)
        os.chmod(path, stat.S_IRWXU)
        case.row.more["no_file"] = True
        start_sampling(case, "threads", args=("--gdb", path), codes=(1, 5, 7),
                       env=table.SHORT_TIMEOUTS)
        case.await_pmp_end(40)
        os.unlink(path)
        case.check()
    return scenario


SITUATIONS = {
    "1,000 SIGUSR1 arrive": usr1_arrives,
    "1,000 real-time signals, in order": real_time_arrives,
    "system calls are not interrupted": calls_not_interrupted,
    "a thread in state D (vfork)": vfork,
    "the target is stopped": stopped,
    "2,000 threads": many,
    "threads start and end all the time": sample_kind("storm", seconds=2),
    "dlopen and fork all the time": sample_kind("busy", seconds=3),
    "a stack of 50,000 frames": deep,
    "another tracer": traced,
    "a zombie": zombie,
    "no process": no_process,
}
SITUATIONS.update({"SIGINT is %s" % how: sigint(how)
                   for how in ("blocked", "ignored", "handled", "waited", "fd")})
SITUATIONS.update({"a gdb that " + what: odd_gdb(text) for what, text in GDBS.items()})


def rows():
    for name, scenario in SITUATIONS.items():
        for mode in table.MODES:
            yield table.Row(name, "any", mode, None, scenario=scenario)
    # The old name of seize. In the mode of that name, gdb's attach left signals pending here.
    yield table.Row("threads come and go", "any", "each", None,
                    scenario=sample_kind("storm", seconds=1))
