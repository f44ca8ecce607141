"""The system calls by which threads are stopped, with real processes: what a stop is, and what is
left of it when the process that made it is killed."""

import errno
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent_modules import load  # noqa: E402
from tap import check, equal, main, skip, test  # noqa: E402

ptrace = load("ptrace")
LIMIT = 10  # seconds


class Child:
    """A process that spins. It counts SIGUSR1, and writes their number when it gets SIGUSR2."""

    def __init__(self):
        reader, writer = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            self._spin(writer)
        os.close(writer)
        self._reader = reader
        equal(os.read(reader, 1), b"r")

    @staticmethod
    def _spin(writer):
        found = []
        signal.signal(signal.SIGUSR1, lambda *_: found.append(1))
        signal.signal(signal.SIGUSR2, lambda *_: os.write(writer, b"%d" % len(found)))
        signal.alarm(LIMIT)
        os.write(writer, b"r")
        while True:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._reader)

    def signals(self):
        """How many SIGUSR1 it got."""
        os.kill(self.pid, signal.SIGUSR2)
        return int(os.read(self._reader, 16))

    def state(self):
        with open("/proc/%d/stat" % self.pid, encoding="ascii") as file:
            return file.read().rpartition(") ")[2].split()[0]


def await_stop(tid):
    """The result of `look` as soon as it is not RUNS."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        state, number = ptrace.look(tid)
        if state != ptrace.RUNS:
            return state, number
        time.sleep(0.001)
    raise AssertionError("it does not stop")


def seize_only(tid):
    """Traces a thread without an interrupt: only a signal stops it."""
    return ptrace._calls.ptrace(ptrace.PTRACE_SEIZE, tid, None, None)


def need_seize():
    if ptrace.refusal():
        skip("no thread can be seized here: " + ptrace.refusal())


@test("a seized thread stops without a signal, is read, and runs on")
def _():
    need_seize()
    with Child() as child:
        equal(ptrace.seize(child.pid), 0)
        equal(await_stop(child.pid), (ptrace.STOPPED, 0))
        equal(ptrace.look(child.pid)[0], ptrace.STOPPED, "a second look")
        equal(len(ptrace.get_registers(child.pid)), ptrace.REGISTERS_SIZE)
        check(ptrace.detach(child.pid, 0))
        equal(child.signals(), 0)


@test("a signal that comes in a stop is told, and the detach delivers it")
def _():
    need_seize()
    for delivered in (True, False):
        with Child() as child:
            equal(seize_only(child.pid), 0)
            os.kill(child.pid, signal.SIGUSR1)
            equal(await_stop(child.pid), (ptrace.STOPPED, signal.SIGUSR1))
            check(ptrace.detach(child.pid, signal.SIGUSR1 if delivered else 0))
            equal(child.signals(), int(delivered))


@test("a tracer that is killed leaves nothing: no lost signal, no stop, whatever it has looked at")
def _():
    need_seize()
    for looks, signalled in ((0, True), (1, True), (3, True), (0, False), (1, False)):
        with Child() as child:
            tracer = os.fork()
            if not tracer:
                hold_and_die(child.pid, looks, signalled)
            equal(os.WTERMSIG(os.waitpid(tracer, 0)[1]), signal.SIGKILL, "the tracer's end")
            equal(child.state(), "R")
            equal(child.signals(), int(signalled), "%d looks" % looks)


def hold_and_die(pid, looks, signalled):
    """A tracer: stops the process at a signal or by an interrupt, looks, and is killed."""
    try:
        if (seize_only if signalled else ptrace.seize)(pid) == 0:
            if signalled:
                os.kill(pid, signal.SIGUSR1)
            time.sleep(0.05)
            expected = ptrace.STOPPED, int(signal.SIGUSR1) if signalled else 0
            if all(ptrace.look(pid) == expected for _ in range(looks)):
                os.kill(os.getpid(), signal.SIGKILL)
    finally:
        os._exit(1)


@test("a stopped process stays stopped when its tracer detaches, and when it is killed")
def _():
    need_seize()
    for killed in (False, True):
        with Child() as child:
            os.kill(child.pid, signal.SIGSTOP)
            os.waitpid(child.pid, os.WUNTRACED)
            if killed:
                tracer = os.fork()
                if not tracer:
                    try:
                        if ptrace.seize(child.pid) == 0:
                            await_stop(child.pid)
                            os.kill(os.getpid(), signal.SIGKILL)
                    finally:
                        os._exit(1)
                equal(os.WTERMSIG(os.waitpid(tracer, 0)[1]), signal.SIGKILL)
            else:
                equal(ptrace.seize(child.pid), 0)
                equal(await_stop(child.pid), (ptrace.STOPPED, 0))
                check(ptrace.detach(child.pid, 0))
            time.sleep(0.05)
            equal(child.state(), "T")
            os.kill(child.pid, signal.SIGCONT)
            equal(child.signals(), 0)


@test("the end of a seized thread is told, and then that it is unknown")
def _():
    need_seize()
    tracee = os.fork()
    if not tracee:
        signal.alarm(LIMIT)
        while True:
            pass
    equal(ptrace.seize(tracee), 0)
    equal(await_stop(tracee), (ptrace.STOPPED, 0))
    os.kill(tracee, signal.SIGKILL)
    equal(await_stop(tracee)[0], ptrace.ENDED)
    equal(ptrace.look(tracee)[0], ptrace.LOST)
    check(not ptrace.detach(tracee, 0))
    equal(ptrace.seize(tracee), errno.ESRCH)


main()
