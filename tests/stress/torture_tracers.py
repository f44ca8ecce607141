"""Rows of torture's table about the tracer: it is killed in the very stop, it is one of several,
its target cannot be stopped now, has thousands of threads, or is itself a gdb of pmp."""

import contextlib
import mmap
import os
import shutil
import signal
import struct
import subprocess
import time

import torture_table as table
from agent_modules import load
from fuse_server import Mount
from torture_storms import Sender, another_process, begin, check_progress, count_samples
from victims import Pmp, read, state, tids, tracer, wait_until

SEIZING = ("seize", "dump")
KILLS, KILLS_OF_GDB = 1000, 20  # in one case
WALK_S = 0.0001  # the time of a stop
LIMIT_S = 1.0  # of a stop, as in process_sampler.py
CGROUP_ROOTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")  # where cgroup v2 is mounted
FREEZER_V1 = "/sys/fs/cgroup/freezer"


# SIGKILL in the very stop.


class Stopper:
    """A process that stops and continues the threads of a victim without an end, as the agent does.
    It tells in shared memory how many stops it has made, and whether a thread is stopped now."""

    shared = None

    def __init__(self, pid, together):
        if Stopper.shared is None:
            Stopper.shared = mmap.mmap(-1, mmap.PAGESIZE)
        self.shared[:16] = bytes(16)
        self.pid = os.fork()
        if not self.pid:
            try:
                load("ptrace").die_with_parent()
                self._stop_for_ever(load("thread_stops").ThreadStops(pid), pid, together)
            finally:
                os._exit(1)

    def _stop_for_ever(self, stops, pid, together):
        count = 0
        while True:
            try:
                for tid in stops.stop(tids(pid), LIMIT_S) if together else stops.each(tids(pid),
                                                                                     LIMIT_S):
                    count += 1
                    struct.pack_into("QQ", self.shared, 0, count, 1)
                    stops.registers(tid)
                    end = time.monotonic() + WALK_S
                    while time.monotonic() < end:
                        pass
                    struct.pack_into("QQ", self.shared, 0, count, 0)
            finally:
                stops.release()
            stops.settle()

    def stops(self):
        return struct.unpack_from("Q", self.shared, 0)[0]

    def is_in_stop(self):
        return struct.unpack_from("QQ", self.shared, 0)[1]

    def kill(self):
        """Returns the number of its stops, and whether one was going on."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return struct.unpack_from("QQ", self.shared, 0)


def killed_once(case, together):
    """Kills a Stopper after some stops. Returns (stops, seconds, was there one going on)."""
    stopper = Stopper(case.victim.pid, together)
    if not wait_until(stopper.stops, 10, 0.0002):
        case.harm.append("no stop within 10 s")
    start, begun = time.monotonic(), stopper.stops()
    time.sleep(case.rng.uniform(0, 0.02))
    if case.rng.random() < 0.5:
        wait_until(stopper.is_in_stop, 0.05, 0)
    count, in_stop = stopper.kill()
    return count - begun, time.monotonic() - start, in_stop


def kills(kinds, number):
    """Kills tracers in the stop; after each kill the victim must go on. One more process sends the
    kind "signals" its signals."""
    def scenario(case):
        case.start_victim(case.rng.choice(kinds))
        case.targets = done = table.scaled(number)
        sender = Sender(case.victim, case.rng) if case.victim.kind == "signals" else None
        stops, seconds, in_stop = 0, 0.0, 0
        for i in range(done):
            end = time.monotonic() + case.rng.uniform(0, 0.01)
            if sender:
                sender.storm(lambda end=end: time.monotonic() > end)
            found = killed_once(case, case.row.mode == "dump")
            stops, seconds, in_stop = stops + found[0], seconds + found[1], in_stop + found[2]
            problems = case.victim.lasting_problems()
            if problems:
                case.harm.append("after kill %d: %s" % (i, problems))
                break
        if sender:
            case.harm += filter(None, [sender.problem()])
        elif case.victim.kind in ("forks", "exec", "exec-thread"):
            check_progress(case)
        rate = stops / seconds
        case.notes.append("stops a second: %s" % rounded(rate))
        case.notes.append("kills in the very stop, of each 100: %d0" % (10 * in_stop / done))
        if case.victim.kind != "exec-thread" and rate < 100:
            case.harm.append("only %d stops a second" % rate)
        case.row.more["no_file"] = True
        case.check_without_pmp()
    return scenario


def rounded(rate):
    """Few different texts: reports count them."""
    return next((text for least, text in ((2000, "2000 or more"), (1000, "1000 to 2000"),
                                          (500, "500 to 1000")) if rate >= least), "fewer than 500")


def gdb_killed(case):
    """Kills the gdbs of pmps that take 1,000 samples a second."""
    case.start_victim()
    case.targets = table.scaled(KILLS_OF_GDB)
    case.row.codes = (0, 1)
    for i in range(case.targets):
        args = ("-r", "1000", "-o", os.path.join(case.folder, "out.yaml"), "-d", 60)
        case.pmp = Pmp(*table.pmp_args("seize", case.victim.pid, *args))
        if not case._await(case._in_stop):
            case.notes.append("no stop was seen")
        case._sleep(0.2)
        wait_until(lambda: case._in_stop() or case.pmp.has_ended(), 2, 0)
        for pid in case.pmp.gdbs():
            os.kill(pid, signal.SIGKILL)
        problems = case.victim.lasting_problems()
        if problems:
            case.harm.append("after kill %d: %s" % (i, problems))
        if not case.pmp.has_ended():
            os.kill(case.pmp.pid, signal.SIGINT)
        case.await_pmp_end()
        if case.pmp.code not in (0, 1, 130):
            case.harm.append("pmp's code is %d: %s" % (case.pmp.code, case.pmp_stderr()))
    case.check_without_pmp()


# Several tracers.


def two_pmps(case):
    """Both end in time, and have samples."""
    case.start_victim()
    begin(case, codes=(0, 1, 6))
    with second_pmp(case, case.victim.pid) as second:
        case.await_pmp_end()
        check_second(case, second)
    count_samples(case)
    case.check()


@contextlib.contextmanager
def second_pmp(case, pid):
    """One more pmp; it is killed if it does not end."""
    second = Pmp(*table.pmp_args(case.row.mode, pid, "-d", 2, "-o",
                                os.path.join(case.folder, "raw.yaml")))
    try:
        yield second
    finally:
        if not second.has_ended():
            os.kill(second.pid, signal.SIGKILL)
            wait_until(second.has_ended, 5)
        second.close()


def check_second(case, second, codes=(0, 1, 6)):
    if not wait_until(second.has_ended, table.LIMIT, 0.005):
        case.harm.append("the second pmp has not ended: %s" % second.text(second.err))
    elif second.code not in codes:
        case.harm.append("the second pmp's code is %d: %s" % (second.code, second.text(second.err)))
    if second.code != 0:
        case.notes.append("the second pmp's code is %s" % second.code)


def own_gdb(case):
    """A pmp samples the gdb of another one. Both have samples."""
    begin(case, codes=(0, 130), seconds=60)
    gdbs = case.pmp.gdbs()
    if not gdbs:
        raise AssertionError("there is no gdb")
    with second_pmp(case, gdbs[0]) as second:
        check_second(case, second, (0,))
        if not case.pmp.has_ended() and not wait_until(
                lambda: not tracer(gdbs[0]) and state(gdbs[0]) not in ("T", "t"), 1):
            case.harm.append("gdb is traced or stopped")
        end_pmp(case)
    case.check()


def pmp_itself(case):
    """A pmp samples another one."""
    begin(case, codes=(0, 130), seconds=60)
    with second_pmp(case, case.pmp.pid) as second:
        check_second(case, second, (0,))
        end_pmp(case)
    case.check()


def end_pmp(case):
    if not case.pmp.has_ended():
        os.kill(case.pmp.pid, signal.SIGINT)
    case.await_pmp_end()


def run_strace(case, rounds):
    del rounds
    with subprocess.Popen(["strace", "-f", "-o", "/dev/null", "-p", str(case.victim.pid)],
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as strace:
        time.sleep(case.rng.uniform(0.02, 0.3))
        strace.send_signal(signal.SIGINT)


def strace_comes_and_goes(case):
    """The tracer that is there first has the thread; pmp does without it, or ends."""
    if not shutil.which("strace"):
        skip(case, "strace")
        return
    case.start_victim(case.rng.choice(("threads", "python", "forks")))
    with another_process(run_strace, case):
        begin(case, codes=(0, 1, 6))
        case.await_pmp_end()
        wait_until(lambda: not tracer(case.victim.pid), 5)
    end_children(case, b"strace")
    count_samples(case)
    case.check()


def end_children(case, name):
    """Ends the processes that a killed one has left to us."""
    for word in read("/proc/self/task/%d/children" % os.getpid()).split():
        if read("/proc/%d/comm" % int(word)).strip() == name:
            # Before strace handles SIGINT, it is ignored.
            wait_until(lambda pid=int(word): os.kill(pid, signal.SIGINT)
                       or os.waitpid(pid, os.WNOHANG)[0], 5, 0.05)


def seizer_comes_and_goes(case):
    """Another process of the agent's kind."""
    case.start_victim()
    stopper = Stopper(case.victim.pid, case.rng.random() < 0.5)
    try:
        begin(case, codes=(0, 1, 6))
        case.await_pmp_end()
    finally:
        stopper.kill()
    count_samples(case)
    case.check()


# Targets that cannot be stopped now.


def skip(case, what):
    case.targets = 0
    case.notes.append("skipped: %s is missing or not permitted" % what)


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Freezer:
    """A cgroup of its own for the victim; OSError if there cannot be one."""

    def __init__(self, version):
        self.version = version
        roots = [root for root in CGROUP_ROOTS if os.path.exists(root + "/cgroup.controllers")]
        self.root = FREEZER_V1 if version == 1 else (roots or [CGROUP_ROOTS[0]])[0]
        self.folder = os.path.join(self.root, "pmp-torture-%d" % os.getpid())
        os.mkdir(self.folder)
        if not os.path.exists(self._switch()):
            os.rmdir(self.folder)
            raise OSError("no freezer")

    def _switch(self):
        return self.folder + ("/freezer.state" if self.version == 1 else "/cgroup.freeze")

    def add(self, pid):
        write(self.folder + "/cgroup.procs", "%d" % pid)

    def freeze(self, frozen=True):
        words = ("THAWED", "FROZEN") if self.version == 1 else ("0", "1")
        write(self._switch(), words[frozen])

    def is_frozen(self):
        if self.version == 1:
            return read(self._switch()).strip() == b"FROZEN"
        return b"frozen 1" in read(self.folder + "/cgroup.events")

    def end(self):
        self.freeze(False)
        for word in read(self.folder + "/cgroup.procs").split():
            write(self.root + "/cgroup.procs", word.decode())
        wait_until(lambda: not read(self.folder + "/cgroup.procs"), 2, 0.01)
        os.rmdir(self.folder)


def with_freezer(version, scenario):
    def run(case):
        try:
            freezer = Freezer(version)
        except OSError as err:
            skip(case, "a freezer of cgroup v%d (%s)" % (version, err))
            return
        try:
            case.start_victim(case.rng.choice(("threads", "python", "busy")))
            freezer.add(case.victim.pid)
            scenario(case, freezer)
        finally:
            freezer.end()
    return run


def frozen(case, freezer):
    """It is frozen before, and after; pmp ends in time."""
    freezer.freeze()
    if not wait_until(freezer.is_frozen, 5, 0.002):
        raise AssertionError("it does not freeze")
    start = time.monotonic()
    begin(case, codes=(0, 1, 7), seconds=2)
    case.await_pmp_end()
    case.notes.append("pmp ended after %d to %d s" % (
        (time.monotonic() - start) // 5 * 5, (time.monotonic() - start) // 5 * 5 + 5))
    if not wait_until(freezer.is_frozen, 1, 0.002):
        case.harm.append("it is no longer frozen")
    freezer.freeze(False)
    case.check()


def freeze_at_random(case, freezer, rounds):
    if not rounds:
        case.rng.seed(os.getpid())
    freezer.freeze(True)
    time.sleep(case.rng.uniform(0, 0.02))
    freezer.freeze(False)
    time.sleep(case.rng.uniform(0, 0.02))


def freezes(case, freezer):
    with another_process(freeze_at_random, case, freezer):
        begin(case, codes=(0, 1, 7), seconds=3)
        case.await_pmp_end()
    freezer.freeze(False)
    case.check()


def fuse(case):
    """A thread that waits for FUSE sleeps in state S. If it is interrupted, it goes to state D."""
    folder = os.path.join(case.folder, "raw")  # a name that may be there
    os.mkdir(folder)
    try:
        mount = Mount(folder)
    except OSError as err:
        skip(case, "FUSE (%s)" % err)
        return
    with mount:
        case.start_victim("reader", mount.path)
        reader = tids(case.victim.pid)[1]
        if not wait_until(lambda: state(case.victim.pid, reader) == "S", 5):
            raise AssertionError("the reader does not sleep")
        begin(case, *(("--instant",) if case.row.mode == "seize" and case.rng.random() < 0.5
                      else ()))
        seen = set()
        wait_until(lambda: seen.add(state(case.victim.pid, reader)) or case.pmp.has_ended(),
                   table.LIMIT, 0.0005)
        if seen != {"S"}:
            case.harm.append("the reader was in the states %s" % sorted(seen))
        check_premise(case, reader)
        mount.answer()
        if not wait_until(lambda: case.victim.counts()["reads"] > 2, 5, 0.02):
            case.harm.append("its read does not return")
    case.check()


def check_premise(case, tid):
    """Interrupts the thread: it goes to state D, or the row tests nothing."""
    with another_process(interrupt, tid):
        if not wait_until(lambda: state(case.victim.pid, tid) == "D", 2):
            case.harm.append("a reader that is interrupted does not go to state D")


def interrupt(tid, rounds):
    if not rounds:
        load("ptrace").seize(tid)
    time.sleep(0.1)


def many(*args):
    def scenario(case):
        case.start_victim("many", 5000)
        case.row.codes = (0,)
        case.start("-d", 4, "-r", "1", *args)
        case.await_pmp_end(90)
        case.check()
    return scenario


def rows():
    number = {"SIGKILL in the very stop": ("threads", "busy", "python", "storm"),
              "SIGKILL in the stop, exec and fork": ("forks", "exec", "exec-thread"),
              "SIGKILL in the stop, signals": ("signals",)}
    for mode in SEIZING:
        for name, kinds in number.items():
            count = KILLS if name == "SIGKILL in the very stop" else KILLS // 5
            yield table.Row(name, "any", mode, None, scenario=kills(kinds, count))
        for name, scenario in SITUATIONS.items():
            yield table.Row(name, "any", mode, None, scenario=scenario)
    yield table.Row("SIGKILL to gdb, -r 1000", "sampling", "seize", None, scenario=gdb_killed)
    yield table.Row("5,000 threads, --instant", "any", "seize", None, scenario=many("--instant"))


SITUATIONS = {
    "two pmps": two_pmps,
    "pmp at another pmp's gdb": own_gdb,
    "pmp at another pmp": pmp_itself,
    "strace comes and goes": strace_comes_and_goes,
    "another seizer comes and goes": seizer_comes_and_goes,
    "a frozen cgroup, v1": with_freezer(1, frozen),
    "a frozen cgroup, v2": with_freezer(2, frozen),
    "a cgroup freezes and thaws, v1": with_freezer(1, freezes),
    "a cgroup freezes and thaws, v2": with_freezer(2, freezes),
    "a thread waits for FUSE": fuse,
    "5,000 threads": many(),
}
