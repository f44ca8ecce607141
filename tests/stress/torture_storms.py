"""Rows of torture's table in which the target itself, or its surroundings, give a tracer no rest:
job control, exec, fork, signals with values, system calls that sleep."""

import contextlib
import ctypes
import os
import re
import select
import signal
import time

import torture_table as table
from victims import LIBC, Pmp, login_tty, program_of, state, tids, tracer, wait_until

SEIZING = ("seize", "dump")
JOB_SIGNALS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
RATE = ("-r", "500")
SYS_RT_SIGQUEUEINFO, SYS_RT_TGSIGQUEUEINFO = 129, 297  # x86-64
SI_QUEUE = -1  # asm-generic/siginfo.h
# Calls that the kernel does not restart after a stop: signal(7), "Interruption of system calls and
# library functions by stop signals". A thread that sleeps in one is stopped by --instant and dump
# only.
NOT_RESTARTED = ("epoll_wait", "sigtimedwait", "recv_timed")


class SigInfo(ctypes.Structure):
    """siginfo_t of a signal with a value (asm-generic/siginfo.h, 64 bits)."""
    _fields_ = [("number", ctypes.c_int), ("errno", ctypes.c_int), ("code", ctypes.c_int),
                ("padding", ctypes.c_int), ("pid", ctypes.c_int), ("uid", ctypes.c_uint),
                ("value", ctypes.c_longlong), ("rest", ctypes.c_char * 96)]


def rate(case):
    return RATE if case.row.mode == "seize" else ()


def begin(case, *args, codes=(0,), seconds=3, **options):
    """Starts a pmp at the case's victim, and waits until it samples."""
    case.row.codes = codes
    case.start("-d", seconds, *rate(case), *args, **options)
    case._await(case._is_read)


def finish(case):
    case.await_pmp_end()
    case.check()


def count_samples(case):
    """Notes that a run has no sample: then it tested nothing."""
    text = case.pmp_stderr()
    if case.pmp.code != 0 or "no sample" in text:
        case.notes.append("without a sample")


# Job control.


def stop_and_continue(case, victim, rng):
    """Stops a victim by one signal, and continues it. Returns what went wrong, or None."""
    number = rng.choice(JOB_SIGNALS)
    victim.stop_signals.clear()
    os.kill(victim.pid, number)
    if not wait_until(lambda: victim.poll_status() or victim.stop_signals, 5, 0.0002):
        return "its parent does not see the stop by signal %d" % number
    if victim.stop_signals != [number]:
        return "its parent saw the signals %s, not %d" % (victim.stop_signals, number)
    stopped = lambda: all(state(victim.pid, tid) in "Tt" for tid in tids(victim.pid))  # noqa: E731
    if not wait_until(stopped, 5, 0.0002):
        return "not all threads stop by signal %d" % number
    time.sleep(rng.uniform(0, 0.01))
    # A stopped thread that is interrupted or let go seems to run for a moment.
    if not wait_until(stopped, 1, 0.0002):
        return "it has continued by itself"
    os.kill(victim.pid, signal.SIGCONT)
    if not wait_until(lambda: victim.poll_status() or victim.parent_saw.endswith("C"), 5, 0.0002):
        return "its parent does not see that it continues"
    return None


def job_control(case):
    """Its parent sees each stop, by its signal, and each continuation, once."""
    case.start_victim(case.rng.choice(("threads", "busy")), is_job=True)
    begin(case, *(("--instant",) if case.row.mode == "seize" and case.rng.random() < 0.5 else ()))
    rounds = 0
    while not case.pmp.has_ended() and not case.harm:
        case.harm += filter(None, [stop_and_continue(case, case.victim, case.rng)])
        rounds += 1
    if case.victim.parent_saw != "SC" * rounds:
        case.harm.append("%d rounds: its parent saw %s" % (rounds, case.victim.parent_saw))
    case.victim.parent_saw = ""
    case.notes.append("it was stopped while sampled")
    finish(case)


@contextlib.contextmanager
def another_process(function, *args):
    """Another process calls function(*args, its number of rounds so far), until it is killed."""
    pid = os.fork()
    if not pid:
        try:
            rounds = 0
            while True:
                function(*args, rounds)
                rounds += 1
        finally:
            os._exit(1)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def stop_at_random(case, rounds):
    if not rounds:
        case.rng.seed(os.getpid())
    for _ in range(case.rng.randrange(1, 4)):
        os.kill(case.victim.pid, case.rng.choice(JOB_SIGNALS + (signal.SIGCONT,)))
    time.sleep(case.rng.uniform(0, 0.003))


def stop_storm(case):
    """Stops and continuations at random, faster than they take effect: the last one counts."""
    case.start_victim(case.rng.choice(("threads", "busy", "forks")), is_job=True)
    begin(case, seconds=2)
    with another_process(stop_at_random, case):
        case.await_pmp_end()
    os.kill(case.victim.pid, signal.SIGCONT)
    wait_until(lambda: not case.victim.problems(), 1, 0.002)
    case.victim.poll_status()
    case.victim.parent_saw = ""
    case.check()


def stopped_last(case):
    """The same, but stopped at the end, while pmp still samples: it stays stopped."""
    case.start_victim(case.rng.choice(("threads", "busy")), is_job=True)
    begin(case, seconds=2)
    with another_process(stop_at_random, case):
        wait_until(case.pmp.has_ended, 1, 0.005)
    os.kill(case.victim.pid, signal.SIGSTOP)
    case.victim.stopped = True
    # A stopped process receives none: they wait for SIGCONT, with and without pmp.
    case.victim.allowed_pending = sum(1 << number - 1 for number in JOB_SIGNALS + (signal.SIGALRM,))
    case.await_pmp_end()
    case.victim.poll_status()
    case.victim.parent_saw = ""
    case.check()


class Shell:
    """An interactive bash on a terminal of its own."""

    def __init__(self):
        self.master, slave = os.openpty()
        self.pid = os.fork()
        if not self.pid:
            login_tty(slave)
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        os.close(slave)
        self.text = ""

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern, limit=10):
        """Waits for a match in the text that follows the last one; None if there is none."""
        deadline = time.monotonic() + limit
        while not (found := re.search(pattern, self.text)):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                return None
            self.text += os.read(self.master, 4096).decode(errors="replace")
        self.text = self.text[found.end():]
        return found

    def end(self):
        os.close(self.master)  # SIGHUP ends the shell and its job
        wait_until(lambda: os.waitpid(self.pid, os.WNOHANG)[0], 5, 0.005)


def shell_rounds(shell, case, pid):
    """Ctrl-Z and fg in a shell. Returns what went wrong, or None."""
    for rounds in range(1000):
        if case.pmp.has_ended():
            case.notes.append("a shell stopped and continued it while it was sampled")
            return None if rounds else "no round in a shell before pmp's end"
        shell.type("\x1a")
        if not shell.expect("Stopped"):
            return "round %d: Ctrl-Z does not stop it, %r" % (rounds, shell.text)
        if not wait_until(lambda: state(pid) in "Tt", 5, 0.0005):
            return "round %d: the shell says Stopped, its state is %s" % (rounds, state(pid))
        shell.type("fg\n")
        if not shell.expect(" threads"):
            return "round %d: no answer to fg, %r" % (rounds, shell.text)
        shell.type("usr1\n")
        if not shell.expect("usr1 0"):
            return "round %d: it does not go on, %r" % (rounds, shell.text)
    return None


def shell(case):
    """A shell sees what it sees without pmp."""
    term = Shell()
    try:
        term.type(" ".join(program_of("threads", None)) + "\n")
        found = term.expect(r"ready (\d+)", 20)
        if not found:
            raise AssertionError("no job in the shell: %r" % term.text)
        pid = int(found.group(1))
        case.output = os.path.join(case.folder, "out.yaml")
        case.pmp = Pmp(*table.pmp_args(case.row.mode, pid, "-o", case.output, "-d", 3,
                                          *rate(case)))
        case.harm += filter(None, [shell_rounds(term, case, pid)])
        case.await_pmp_end()
        if case.pmp.code != 0:
            case.harm.append("pmp's code is %s: %s" % (case.pmp.code, case.pmp_stderr()))
        if wait_until(lambda: state(pid) in "SR" and not tracer(pid), 1) is not True:
            case.harm.append("its state is %s, its tracer %d" % (state(pid), tracer(pid)))
        term.type("end 3\necho code $?\n")
        if not case.harm and not term.expect("code 3"):
            case.harm.append("it does not exit: %r" % term.text)
    finally:
        term.end()


# exec, fork.


def busy_kind(kind, *args, codes=(0,), seconds=2):
    """A target whose counts must have no failure, and go on afterwards."""
    def scenario(case):
        case.start_victim(kind)
        begin(case, *args, codes=codes, seconds=seconds)
        case.await_pmp_end()
        count_samples(case)
        check_progress(case)
        case.check()
    return scenario


def check_progress(case):
    before = case.victim.counts()
    keys = [key for key in ("programs", "children", "threads") if before[key]]
    if not keys or before["failures"]:
        case.harm.append("its counts: %s" % before)
    grown = lambda: all(case.victim.counts()[key] > before[key] for key in keys)  # noqa: E731
    if not wait_until(grown, 10, 0.02):
        case.harm.append("it does not go on: %s, %s" % (before, case.victim.counts()))


def instant_kind(kind, **more):
    """busy_kind; seize with --instant: all threads are stopped together."""
    def scenario(case):
        args = ("--instant",) if case.row.mode == "seize" else ()
        busy_kind(kind, *args, **more)(case)
    return scenario


# Signals with values.


class Sender:
    """Sends numbered signals to each recipient of restless.c, per process and per thread."""

    def __init__(self, victim, rng):
        self.victim, self.rng = victim, rng
        self.sent = {}  # signal -> how many
        victim.ask("from %d" % os.getpid())
        counts = victim.counts()
        self.tids = [counts["tid%d" % i] for i in range(4)]

    def send(self, number, tid, to_thread):
        """False if the queue is full. To the process: only one thread does not block it."""
        value = self.sent.get(number, 0)
        info = SigInfo(number=number, code=SI_QUEUE, pid=os.getpid(), uid=os.getuid(), value=value)
        call = (SYS_RT_TGSIGQUEUEINFO, self.victim.pid, tid, number, ctypes.byref(info))
        if not to_thread:
            call = (SYS_RT_SIGQUEUEINFO, self.victim.pid, number, ctypes.byref(info))
        if LIBC.syscall(*call) != 0:
            return False
        self.sent[number] = value + 1
        return True

    def storm(self, until):
        """Real-time signals as many as there is room for; an ordinary one when the last of its
        kind has arrived, as several pending ones are merged. The kernel keeps the order only of
        those to the same thread, or to the process."""
        ordinary = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGWINCH)
        while not until():
            counts = self.victim.counts()
            for i, tid in enumerate(self.tids):
                if counts["ordinary%d" % i] == self.sent.get(ordinary[i], 0):
                    self.send(ordinary[i], tid, self.rng.random() < 0.5)
                for _ in range(self.rng.randrange(20)):
                    self.send(signal.SIGRTMIN + i, tid, to_thread=i % 2 == 0)

    def problem(self):
        """Waits until all have arrived. Returns a text if one is lost, or not as it was sent."""
        ordinary = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGWINCH)
        wanted = {}
        for i in range(4):
            wanted["rt%d" % i] = self.sent.get(signal.SIGRTMIN + i, 0)
            wanted["ordinary%d" % i] = self.sent.get(ordinary[i], 0)
        wanted.update(wrong=0, wrong_faults=0)
        here = lambda: {key: self.victim.counts()[key] for key in wanted}  # noqa: E731
        wait_until(lambda: here() == wanted, 5, 0.01)
        return None if here() == wanted else "sent %s, received %s" % (wanted, here())


def siginfo(*args):
    """Each signal arrives once, in order, with its siginfo. First without pmp."""
    def scenario(case):
        case.start_victim("signals")
        sender = Sender(case.victim, case.rng)
        deadline = time.monotonic() + 0.5
        sender.storm(lambda: time.monotonic() > deadline)
        problem = sender.problem()
        if problem:
            raise AssertionError("without pmp: " + problem)
        begin(case, *args)
        before = sum(sender.sent.values())
        sender.storm(case.pmp.has_ended)
        case.harm += filter(None, [sender.problem()])
        counts = case.victim.counts()
        if not counts["faults"] or sum(sender.sent.values()) - before < 100:
            case.harm.append("too few signals: %s" % counts)
        if counts["interrupted_waits"]:
            case.notes.append("sigwaitinfo was interrupted, as the kernel does not restart it")
        finish(case)
    return scenario


# System calls that sleep.


def calls(*args):
    """What the kernel restarts returns no EINTR; the rest is counted."""
    def scenario(case):
        case.start_victim("calls")
        time.sleep(0.5)
        without = interrupted(case.victim)
        if without:
            raise AssertionError("without pmp: %s" % without)
        begin(case, *args)
        case.await_pmp_end()
        found = interrupted(case.victim)
        case.harm += ["%s: %d times EINTR" % (name, number) for name, number in found.items()
                      if name not in NOT_RESTARTED]
        for name in found:
            if name in NOT_RESTARTED:
                case.notes.append("EINTR of %s, which the kernel does not restart" % name)
        before = case.victim.counts()
        idle = lambda: [name for name, number in case.victim.counts().items()  # noqa: E731
                        if not name.endswith("_eintr") and 0 < number == before[name]]
        wait_until(lambda: not idle(), 5, 0.02)
        case.harm += ["%s does not return" % name for name in idle()]
        case.check()
    return scenario


def interrupted(victim):
    return {name[:-len("_eintr")]: number for name, number in victim.counts().items()
            if name.endswith("_eintr") and number}


# 1: no sample, "it executes one program after the other".
SITUATIONS = {
    "job control while sampled": job_control,
    "SIGSTOP and SIGCONT at random": stop_storm,
    "stopped by SIGSTOP while sampled": stopped_last,
    "Ctrl-Z and fg in a shell": shell,
    "exec all the time": busy_kind("exec", codes=(0, 1)),
    "exec all the time, from a thread": busy_kind("exec-thread", codes=(0, 1)),
    "exec from a thread, --instant": instant_kind("exec-thread", codes=(0, 1)),
    "fork, vfork and clone all the time": busy_kind("forks"),
    "fork, vfork, clone, --instant": instant_kind("forks"),
    "siginfo of a storm of signals": siginfo(),
    "no EINTR where the kernel restarts": calls(),
}
# In these, seize stops all threads; a dump does so without the option.
INSTANT = {
    "siginfo, --instant": siginfo("--instant"),
    "no EINTR, --instant": calls("--instant"),
}


def rows():
    for mode in SEIZING:
        for name, scenario in SITUATIONS.items():
            yield table.Row(name, "any", mode, None, scenario=scenario)
    for name, scenario in INSTANT.items():
        yield table.Row(name, "any", "seize", None, scenario=scenario)
