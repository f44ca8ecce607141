"""Threads of real processes stopped by ptrace(2) and let go, outside gdb."""

import collections
import contextlib
import ctypes
import os
import random
import signal
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent_modules import load  # noqa: E402
from tap import (BUILD, Target, check, children, equal, main, note, proc_status,  # noqa: E402
                 skip, test)

ptrace = load("ptrace")
thread_stops = load("thread_stops")
priority = load("priority")
PROGRAM = os.path.join(BUILD, "tests", "harness", "programs", "stopped")
LIMIT = 5.0  # of a stop: this machine may be busy
PTRACE_CONT = 7
LIBC = ctypes.CDLL(None, use_errno=True)


class Child(Target):
    """A target of which this process is not the parent (programs/stopped.c)."""

    def __init__(self, kind, number=0, **options):
        if ptrace.refusal():
            skip("no ptrace here: " + ptrace.refusal())
        super().__init__(PROGRAM, kind, number, ready=r"ready \d+\n", **options)
        self.parent, self.pid = self.pid, int(self.said.split()[1])
        self.lines, self.unread = [], self.said.partition(b"\n")[2]

    def read(self):
        """All lines that it and its parent have printed since "ready"."""
        self.unread += self.process.stdout.read() or b""
        *lines, self.unread = self.unread.split(b"\n")
        self.lines += [line.decode() for line in lines]
        return self.lines

    def wait(self):
        """All lines that it and its parent have printed, once it has ended."""
        await_true("it ends", lambda: (self.read() or [""])[-1].startswith("it ended"))
        return self.lines

    def stop(self):
        self.pid = self.parent
        super().stop()


target = Child


def state(pid, tid=None):
    """The letter of a thread's state, "" if it has ended."""
    return proc_status(pid, "State", tid)[:1]


def await_true(what, condition, limit=10):
    deadline = time.monotonic() + limit
    while not condition():
        check(time.monotonic() < deadline, "in %d s it did not come true: %s" % (limit, what))
        time.sleep(0.001)


def stop_once(stops, tids, limit=LIMIT):
    """{tid: Registers} of those that stopped."""
    try:
        return {tid: stops.registers(tid) for tid in stops.stop(tids, limit)}
    finally:
        stops.release()


def check_harmless(process, stops):
    """None of its threads is traced or stopped, or has a signal pending."""
    await_true("it is let go", stops.settle)
    process.check_unharmed()
    check_nothing_pending(process)


def check_nothing_pending(process):
    """A signal that somebody else has sent may be pending for a moment."""
    for tid in process.threads():
        for key in ("SigPnd", "ShdPnd"):
            await_true("thread %d has no signal pending" % tid, lambda tid=tid, key=key: int(
                proc_status(process.pid, key, tid) or "0", 16) == 0)


@contextlib.contextmanager
def forked(run):
    """run(): in a child, until it is killed. Yields its pid."""
    child = os.fork()
    if not child:
        try:
            run()
        finally:
            os._exit(1)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        while not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            pass


@test("a thread is stopped, read and let go 1,000 times")
def _():
    with target("spin") as process:
        stops, times = thread_stops.ThreadStops(process.pid), []
        for _ in range(1000):
            began = time.perf_counter()
            found = stop_once(stops, [process.pid])
            times.append(time.perf_counter() - began)
            check(found[process.pid].pc and found[process.pid].thread_id, "no registers")
            equal(proc_status(process.pid, "TracerPid"), "0")
        times.sort()
        note("median %.0f us, p99 %.0f us" % (times[500] * 1e6, times[990] * 1e6))
        check(0 < stops.longest_us <= times[-1] * 1e6 + 1, stops.longest_us, times[-1])
        check_harmless(process, stops)


@test("`stop` stops all threads together; `release` lets all go")
def _():
    for kind in ("spin", "sleep"):
        with target(kind, 20) as process:
            stops = thread_stops.ThreadStops(process.pid)
            for _ in range(20):
                equal(sorted(stops.stop(process.threads(), LIMIT)), process.threads())
                equal({state(process.pid, tid) for tid in process.threads()}, {"t"})
                stops.release()
                equal({proc_status(process.pid, "TracerPid", tid) for tid in process.threads()},
                      {"0"})
            await_true("it is let go", stops.settle)
            check_nothing_pending(process)


@test("`each` yields each thread once, while it and hardly another one is stopped")
def _():
    for kind in ("spin", "sleep"):
        with target(kind, 20) as process:
            stops, others, rounds = thread_stops.ThreadStops(process.pid), 0, 20
            tids = process.threads()
            for _ in range(rounds):
                seen = []
                for tid in stops.each(tids, LIMIT):
                    seen.append(tid)
                    equal(state(process.pid, tid), "t")
                    check(stops.registers(tid) is not None, "no registers")
                    others += sum(state(process.pid, other) == "t" for other in tids
                                  if other != tid)
                equal(sorted(seen), tids)
                equal({proc_status(process.pid, "TracerPid", tid) for tid in tids}, {"0"})
            note("%s: %.2f others are stopped while one is read" % (
                kind, others / rounds / len(tids)))
            # Without a free processor a thread stops late, when the next ones are asked to.
            check(others < rounds * len(tids) * 10, "others", others)
            await_true("it is let go", stops.settle)
            check_nothing_pending(process)


@test("`each` that is left in the middle: `release` lets all go")
def _():
    with target("spin", 8) as process:
        stops = thread_stops.ThreadStops(process.pid)
        for _ in range(100):
            tids = stops.each(process.threads(), LIMIT)
            next(tids)
            tids.close()
            stops.release()
        check_harmless(process, stops)


@test("a stopped process stays stopped, its parent learns of nothing, and it can be continued")
def _():
    # In a background process group SIGTSTP stops, too: its session has another one.
    with target("spin", 3, session=False) as process:
        stops, seen = thread_stops.ThreadStops(process.pid), []
        for number in (signal.SIGSTOP, signal.SIGTSTP):
            os.kill(process.pid, number)
            seen.append("it stopped")
            await_true("it is stopped", lambda: process.read() == seen)
            for _ in range(50):
                check(stop_once(stops, process.threads())[process.pid] is not None)
                equal(list(stops.each(process.threads(), LIMIT)) != [], True)
            time.sleep(0.05)
            for tid in process.threads():
                await_true("it stays stopped", lambda tid=tid: state(process.pid, tid) == "T")
            equal(process.read(), seen)
            os.kill(process.pid, signal.SIGCONT)
            seen.append("it continued")
            await_true("it is continued", lambda: process.read() == seen)
            check_harmless(process, stops)


@test("job control while it is sampled 1,000 times: stopped and continued as without")
def _():
    with target("spin", 2) as process:
        stops, wanted = thread_stops.ThreadStops(process.pid), "R"
        for at in range(334):
            os.kill(process.pid, (signal.SIGSTOP, signal.SIGCONT)[at % 2])
            wanted = "TR"[at % 2]
            for _ in range(3):
                stop_once(stops, process.threads())
            await_true("its state is %s" % wanted,
                       lambda wanted=wanted: state(process.pid) == wanted)
        check_harmless(process, stops)


@test("a SIGSTOP that comes while it is stopped stops it once it is let go")
def _():
    with target("spin", 2) as process:
        stops = thread_stops.ThreadStops(process.pid)
        for _ in range(100):
            stops.stop(process.threads(), LIMIT)
            os.kill(process.pid, signal.SIGSTOP)
            stops.release()
            await_true("it is stopped", lambda: state(process.pid) == "T")
            stops.stop(process.threads(), LIMIT)
            os.kill(process.pid, signal.SIGCONT)
            stops.release()
            await_true("it runs", lambda: state(process.pid) == "R")
        check_harmless(process, stops)


class Info(ctypes.Structure):
    """siginfo_t of rt_sigqueueinfo(2): si_signo, si_errno, si_code, si_pid, si_uid, si_value."""
    _fields_ = [(name, ctypes.c_int)
                for name in ("signo", "errno", "code", "pad", "pid", "uid")] + [
        ("value", ctypes.c_long), ("rest", ctypes.c_char * 96)]


TGSIGQUEUEINFO, SI_QUEUE = 297, -1  # syscall_64.tbl, siginfo(2)


def send(pid, number, value, tid=None):
    """sigqueue(3), to the process or to one of its threads."""
    info = Info(number, 0, SI_QUEUE, 0, os.getpid(), os.getuid(), value)
    if tid is None:
        failed = LIBC.sigqueue(pid, number, ctypes.c_void_p(value))
    else:
        failed = LIBC.syscall(TGSIGQUEUEINFO, pid, tid, number, ctypes.byref(info))
    if failed:
        raise OSError(ctypes.get_errno(), "sigqueue")


def pending(pid, number):
    return any(int(proc_status(pid, key), 16) >> number - 1 & 1 for key in ("SigPnd", "ShdPnd"))


def storm(pid, report):
    """Sends signals, at any moment of a stop, and writes the values of each kind to `report`."""
    real_time = (signal.SIGRTMIN, signal.SIGRTMIN + 1)
    sent = dict.fromkeys(real_time + (signal.SIGUSR1,), 0)
    drawn = random.Random(21)
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        number = drawn.choice(real_time + (signal.SIGUSR1,))
        if number == signal.SIGUSR1:
            if not pending(pid, number):  # a second one would be lost: it is no queue
                send(pid, number, sent[number])
                sent[number] += 1
        else:
            for _ in range(drawn.randrange(1, 20)):
                send(pid, number, sent[number])
                sent[number] += 1
        time.sleep(drawn.random() * 0.001)
    for number in sent:
        while pending(pid, number):
            time.sleep(0.001)
    os.write(report, struct.pack("<3i", *sent.values()))
    signal.pause()


@test("signals that come in a stop arrive once, in order, each with its siginfo")
def _():
    with target("signals") as process:
        stops, rounds, passed = thread_stops.ThreadStops(process.pid), 0, 0
        counts, report = os.pipe()
        os.set_blocking(counts, False)
        with forked(lambda: storm(process.pid, report)) as sender:
            sent, deadline = b"", time.monotonic() + 60
            while not sent:
                check(time.monotonic() < deadline, "the sender does not end")
                rounds += 1
                stops.stop(process.threads(), LIMIT)
                passed += sum(map(bool, stops._stopped.values()))
                stops.release()
                with contextlib.suppress(BlockingIOError):
                    sent = os.read(counts, 64)
        os.close(counts)
        os.close(report)
        check_harmless(process, stops)
        os.kill(process.pid, signal.SIGTERM)
        lines = process.wait()
    sent = dict(zip((signal.SIGRTMIN, signal.SIGRTMIN + 1, signal.SIGUSR1),
                    struct.unpack("<3i", sent)))
    note("%d stops, %s signals, %d of them passed on by a detach; %s" % (
        rounds, sum(sent.values()), passed, lines[-2]))
    got = collections.defaultdict(list)
    for line in lines[:-2]:
        number, code, pid, value = map(int, line.split()[1:])
        got[number].append(value)
        equal((code, pid), (SI_QUEUE, sender), line)
    for number, count in sent.items():
        equal(got[number], list(range(count)), "signal %d" % number)
    caused, taken, wrong = map(int, lines[-2].split()[1:])
    equal((taken, wrong), (caused, 0), "SIGSEGV")
    check(passed > 20, "no signal came in a stop", passed)


@test("a signal to one thread, in its stop, is delivered to it with its siginfo")
def _():
    with target("signals") as process:
        stops = thread_stops.ThreadStops(process.pid)
        for value in range(200):
            stops.stop([process.pid], LIMIT)
            send(process.pid, signal.SIGRTMIN, value, tid=process.pid)
            stops.release()
        await_true("they are delivered", lambda: not pending(process.pid, signal.SIGRTMIN))
        check_harmless(process, stops)
        os.kill(process.pid, signal.SIGTERM)
        lines = process.wait()
    equal(lines[:-2], ["signal %d %d %d %d" % (signal.SIGRTMIN, SI_QUEUE, os.getpid(), value)
                       for value in range(200)])


@test("a call that the kernel restarts after a stop does not fail with EINTR")
def _():
    with target("calls") as process:
        stops = thread_stops.ThreadStops(process.pid)
        await_true("all threads sleep", lambda: all(
            state(process.pid, tid) == "S" for tid in process.threads()))
        for at in range(300):
            if at % 2:
                stop_once(stops, process.threads())
            else:
                check(list(stops.each(process.threads(), LIMIT)), "no thread")
        await_true("it is let go", stops.settle)
        check_nothing_pending(process)
        os.kill(process.pid, signal.SIGTERM)
        lines = process.wait()
    rows = [(name, restarts == "1", int(returns), int(interrupted))
            for name, restarts, returns, interrupted in map(str.split, lines[:-1])]
    check(len(rows) > 20, lines)
    note("EINTR after a stop, as signal(7) says: " + ", ".join(
        "%s %d" % (name, interrupted) for name, _, _, interrupted in rows if interrupted))
    for name, restarts, returns, interrupted in rows:
        equal((returns, interrupted if restarts else 0), (0, 0), name)


@test("a sleep of one second lasts one second")
def _():
    with target("nap") as process:
        stops = thread_stops.ThreadStops(process.pid)
        deadline, rounds = time.monotonic() + 20, 0
        while len(process.read()) < 2:
            check(time.monotonic() < deadline, "it does not end")
            stop_once(stops, [process.pid])
            rounds += 1
        note("%d stops, %s ms" % (rounds, process.lines[0]))
        check(1000 <= int(process.lines[0].split()[-1]) < 3000, process.lines)
        equal(process.lines[1:], ["it ended 0"])
        await_true("it is let go", stops.settle)


@test("threads that come and go: none is left behind")
def _():
    with target("churn") as process:
        stops, seen = thread_stops.ThreadStops(process.pid), 0
        for at in range(1500):
            with contextlib.suppress(FileNotFoundError):
                tids = process.threads()
                seen += (len(list(stops.each(tids, LIMIT))) if at % 2 else
                         len(stop_once(stops, tids)))
        note("%d stops" % seen)
        check(seen > 1500, seen)
        check_harmless(process, stops)


@test("a program that executes itself, also by another thread: it is never held up")
def _():
    for number, who in enumerate(("the main thread", "another thread")):
        with target("exec", number) as process:
            stops, longest = thread_stops.ThreadStops(process.pid), 0
            deadline = time.monotonic() + 4
            while time.monotonic() < deadline:
                began = time.monotonic()
                with contextlib.suppress(OSError):
                    stop_once(stops, process.threads())
                longest = max(longest, time.monotonic() - began)
                with contextlib.suppress(OSError):
                    list(stops.each(process.threads(), LIMIT))
                stops.settle()
            count = executions(process.pid)
            note("%s: %d times; the longest stop took %.0f ms" % (who, count, longest * 1000))
            check(count > 10, count)
            check(longest < LIMIT / 2, "an exec waits for the stop, and the stop for it", longest)
            check_harmless(process, stops)


def executions(pid):
    """How often it has executed itself: its last argument."""
    words = []
    while len(words) < 4:  # in an exec it has no arguments
        with open("/proc/%d/cmdline" % pid, encoding="ascii") as file:
            words = file.read().split("\0")
    return int(words[-2])


@test("an exec begins while one thread is stopped, and the next one is seized: no deadlock")
def _():
    for order in ("the thread that executes", "the main thread"):
        with target("exec", 2) as process:
            await_true("it has its threads", lambda: len(process.threads()) == 3)
            stops = thread_stops.ThreadStops(process.pid)
            _, spinning, executing = process.threads()
            equal(stops.stop([spinning], LIMIT), [spinning])
            os.kill(process.pid, signal.SIGUSR1)
            await_true("it is killed", lambda: state(process.pid, spinning) == "Z")
            began = time.monotonic()
            stops.stop([executing if "executes" in order else process.pid], LIMIT)
            stops.release()
            check(time.monotonic() - began < LIMIT / 2, order)
            await_true("it is let go", stops.settle)
            await_true("it is executed", lambda: len(process.threads()) == 1)
            check_harmless(process, stops)


@test("the main thread ends first: the others are stopped, and go on")
def _():
    with target("headless", 3) as process:
        await_true("it has ended", lambda: state(process.pid) == "Z")
        stops = thread_stops.ThreadStops(process.pid)
        others = [tid for tid in process.threads() if tid != process.pid]
        for _ in range(100):
            equal(sorted(stop_once(stops, process.threads())), others)
        await_true("it is let go", stops.settle)
        equal({proc_status(process.pid, "TracerPid", tid) for tid in process.threads()}, {"0"})
        check(process.runs(), "it does not run")


@test("a zombie and a process that is not there: no thread, and no wait")
def _():
    child = os.fork()
    if not child:
        os._exit(0)
    await_true("it has ended", lambda: state(child) == "Z")
    for what in ("a zombie", "no process"):
        stops, began = thread_stops.ThreadStops(child), time.monotonic()
        equal((stops.stop([child], LIMIT), list(stops.each([child], LIMIT))), ([], []), what)
        stops.release()
        check(stops.settle(), what)
        equal(stops.failure, "", what)
        check(time.monotonic() - began < LIMIT, what)
        if what == "a zombie":
            equal(os.waitpid(child, 0), (child, 0), "its parent's wait")


@test("SIGKILL while it is stopped: it ends, and its parent learns of it")
def _():
    for at in range(30):
        with target("spin", at % 3) as process:
            stops = thread_stops.ThreadStops(process.pid)
            stops.stop(process.threads(), LIMIT)
            os.kill(process.pid, signal.SIGKILL)
            if at % 2:
                time.sleep(0.002)
            stops.release()
            await_true("it is let go", stops.settle)
            equal(process.wait(), ["it ended -9"])


@test("SIGKILL to the stopper at any moment of a stop: the target runs on")
def _():
    drawn, kinds = random.Random(21), (("spin", 3), ("sleep", 3))
    for kind in kinds:
        with target(*kind) as process:
            tids = process.threads()

            def stop_for_ever():
                stops = thread_stops.ThreadStops(process.pid)
                while True:
                    stop_once(stops, tids)
                    for _ in stops.each(tids, LIMIT):
                        pass
            for _ in range(150):
                with forked(stop_for_ever):
                    time.sleep(drawn.random() * 0.01)
                equal({proc_status(process.pid, "TracerPid", tid) for tid in tids}, {"0"})
                for tid in tids:
                    await_true("thread %d runs" % tid, lambda tid=tid: state(
                        process.pid, tid) in ("R" if kind[0] == "spin" else "S"))
                check_nothing_pending(process)


@test("SIGKILL to the stopper of a stopped process: it stays stopped")
def _():
    with target("spin", 2) as process:
        tids = process.threads()
        os.kill(process.pid, signal.SIGSTOP)
        await_true("it is stopped", lambda: all(state(process.pid, tid) == "T" for tid in tids))

        def stop_for_ever():
            stops = thread_stops.ThreadStops(process.pid)
            while True:
                stop_once(stops, tids)
        for _ in range(50):
            with forked(stop_for_ever):
                time.sleep(random.random() * 0.01)
            for tid in tids:
                await_true("it is stopped", lambda tid=tid: state(process.pid, tid) == "T")
        os.kill(process.pid, signal.SIGCONT)
        process.check_unharmed()
        check_nothing_pending(process)


@test("a thread in state D is not waited for; it is let go as soon as it can stop")
def _():
    with target("vfork") as process:
        await_true("it is in state D", lambda: state(process.pid) == "D")
        stops, began = thread_stops.ThreadStops(process.pid), time.monotonic()
        equal(stops.stop([process.pid], 0.05), [])
        stops.release()
        equal(list(stops.each([process.pid], 0.05)), [])
        check(time.monotonic() - began < 1, "it was waited for")
        check(not stops.settle(), "it is still traced")
        equal(state(process.pid), "D")
        os.kill(children(process.pid)[0], signal.SIGKILL)
        check_harmless(process, stops)
        check(stop_once(stops, [process.pid])[process.pid] is not None, "it can be stopped again")
        check_harmless(process, stops)


@test("another tracer has it: `failure` says so, and it is let alone")
def _():
    with target("spin") as process:
        told, tell = os.pipe()

        def trace():
            ptrace.seize(process.pid)
            while ptrace.look(process.pid)[0] == ptrace.RUNS:
                pass
            ptrace._calls.ptrace(PTRACE_CONT, process.pid, None, None)
            os.write(tell, b"x")
            signal.pause()
        stops = thread_stops.ThreadStops(process.pid)
        with forked(trace) as tracer:
            os.read(told, 1)
            equal(stops.stop([process.pid], LIMIT), [])
            stops.release()
            equal(stops.failure, "ptrace: Operation not permitted")
            equal(list(stops.each([process.pid], LIMIT)), [])
            check(stops.settle(), "nothing is left")
            equal(proc_status(process.pid, "TracerPid"), str(tracer))
            check(process.runs(), "it does not run")
        stops.failure = ""
        check(stop_once(stops, [process.pid])[process.pid] is not None, "he has let go")
        equal(stops.failure, "")
        check_harmless(process, stops)


@test("not permitted: `failure` says so")
def _():
    if os.getuid():
        skip("needs root, to become another user")
    with target("spin") as process:
        told, tell = os.pipe()

        def try_it():
            os.setuid(65534)
            stops = thread_stops.ThreadStops(process.pid)
            stops.stop([process.pid], LIMIT)
            os.write(tell, (stops.failure or "it was stopped").encode())
            signal.pause()
        with forked(try_it):
            equal(os.read(told, 100), b"ptrace: Operation not permitted")
        process.check_unharmed()


@test("why no thread can be seized: a system call filter, a Python without ctypes")
def _():
    equal(ptrace.refusal(), "")
    calls = ptrace._calls
    ptrace._calls = None
    try:
        equal(ptrace.refusal(), "its Python has no ctypes")
    finally:
        ptrace._calls = calls


@test("the priority of a stop is real-time, and afterwards what it was")
def _():
    def of(run):
        """What run() returns, in a child."""
        told, tell = os.pipe()

        def do():
            try:
                os.write(tell, repr(run()).encode())
            except Exception as err:
                os.write(tell, repr(err).encode())
            signal.pause()
        with forked(do):
            return os.read(told, 1000).decode()

    def policies(user=0, before=None):
        def run():
            if before:
                os.sched_setscheduler(0, before, os.sched_param(0))
            if user:
                os.setuid(user)
            return twice()
        return of(run)
    if os.getuid():
        skip("needs root")
    fifo, other, batch = os.SCHED_FIFO, os.SCHED_OTHER, os.SCHED_BATCH
    equal(policies(user=65534), repr([other, other] * 2), "not permitted")
    if policies() == repr([other, other] * 2):
        skip("real-time is not permitted here")
    equal(policies(), repr([fifo, other] * 2), "root")
    equal(policies(before=batch), repr([fifo, batch] * 2), "another policy")


def twice():
    """The policies in two stops, and after each."""
    found, mine = [], priority.RealTime()
    for _ in range(2):
        mine.begin()
        found.append(os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK)
        mine.end()
        mine.end()
        found.append(os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK)
    return found


@test("the priority where RLIMIT_RTPRIO permits it: the kernel keeps SCHED_RESET_ON_FORK")
def _():
    real = os.sched_getscheduler, os.sched_setscheduler, os.sched_getparam
    now = [os.SCHED_OTHER, os.sched_param(0)]

    def set_policy(_pid, policy, parameter):
        if now[0] & os.SCHED_RESET_ON_FORK and not policy & os.SCHED_RESET_ON_FORK:
            raise PermissionError  # sched(7): it needs CAP_SYS_NICE
        now[:] = policy, parameter
    os.sched_getscheduler, os.sched_setscheduler = lambda _pid: now[0], set_policy
    os.sched_getparam = lambda _pid: now[1]
    try:
        equal(twice(), [os.SCHED_FIFO, os.SCHED_OTHER] * 2)
    finally:
        os.sched_getscheduler, os.sched_setscheduler, os.sched_getparam = real


main()
