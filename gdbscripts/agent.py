"""The agent: pmp's verbs inside gdb. The one module that does something when it is loaded.

What each verb is told and what it answers is in cli/worker.h. A verb that fails answers with one `error`
line and leaves the target running. A sample is: stop, walk, resume, and only then name and write.
"""
import os
import sys
import time

import gdb

import pmp_interpreter as interpreter
import pmp_jit as jit
import pmp_procfs as procfs
import pmp_registers as registers
import pmp_session as session
from pmp_code_map import CodeMap
from pmp_markers import marker, one_line, write_lines
from pmp_memory import BadRead, Memory
from pmp_naming import Namer
from pmp_native import walk
from pmp_pairing import deal_out, pair, settle
from pmp_perf_map import PerfMap
from pmp_python_files import PythonFiles
from pmp_symbols import Symbols
from pmp_unwinder import Unwinder

THREAD_IDS_MAX = 64


def now_us() -> int:
    return int(time.monotonic() * 1e6)


class ThreadSample:
    """What one stop found out of one thread."""
    __slots__ = ("number", "tid", "name", "state", "cpu", "stack", "states", "runs", "word", "doing",
                 "kernel")

    def __init__(self, thread, seen) -> None:
        self.number = thread.num
        self.tid = thread.ptid[1]
        self.name = seen.name if seen else ""
        self.state = seen.state if seen else "?"
        self.cpu = {"cpu_us": seen.cpu_us} if seen and seen.cpu_us is not None else {}
        self.stack = None
        self.states = ()  # its thread states
        self.runs = []
        self.word = 0  # that it sleeps on in futex(2)
        self.doing = ""  # what its interpreter does
        self.kernel = None  # where it sleeps instead of having stopped: pairs of a marker


class Agent:
    def __init__(self) -> None:
        self.session = session.Session(self._let_go)
        self.unwinder = None
        self.namer = None
        self.python = None
        self.memory = None
        self.code = None
        self.symbols = None
        self.perf_map = None
        self.pointers = {}  # tid -> its stack pointer when it was last seen
        self.files = None
        self.python_files = []
        self.told = set()

    # The verbs.

    def warm(self, pid: int) -> None:
        self.code = CodeMap(pid)
        self.symbols = Symbols(pid, self.code)
        self.files = PythonFiles(pid)
        self.perf_map = PerfMap(pid, procfs.root(pid))
        self.unwinder = Unwinder(self.code.function_at)
        self.namer = Namer(self.code, self.symbols, self.perf_map)
        self.memory = Memory(pid)
        self._follow(procfs.threads(pid))
        write_lines([marker("warm", pid=pid)])

    def attach(self, pid: int) -> None:
        self._follow(procfs.threads(pid))
        start = now_us()

        def stopped() -> None:
            self._look_around(pid)
            self.session.resume()
            pause = now_us() - start
            self.unwinder.prepare(self.code.pointers_on_stacks({}))
            write_lines([marker("attached", pid=pid, pause_us=pause)] + self._notes(pid))
        self._attach("attach", pid, stopped)

    def sample(self, number: int, epoch: int) -> None:
        pid = self.session.pid
        if not pid:
            raise gdb.error("the target has ended")
        seen = procfs.threads(pid)
        changed = self._follow(seen)
        procfs.read_cpu(pid, seen)
        asleep = {tid: procfs.kernel(pid, tid) for tid in blocked(seen)}
        spared = frozenset(tid for tid, kernel in asleep.items() if kernel is not None)

        start = now_us()

        def stopped() -> None:
            nonlocal start
            if changed:
                self._reload()
            found = self._walk(seen, asleep)
            self.session.resume()
            if self._lacks_symbols(found):
                self.symbols.give_target()
                start = now_us()
                self.session.stop(spared, guarded("sample", stopped))
                return
            self._write(number, pid, start - epoch, now_us() - start, found)
            if not asleep:
                self.symbols.expand_between(self.pointers)
        self.session.stop(spared, guarded("sample", stopped))

    def look(self, pid: int, number: int, epoch: int) -> None:
        seen = procfs.threads(pid)
        changed = self._follow(seen)
        procfs.read_cpu(pid, seen)
        self.unwinder.prepare(self.code.pointers_on_stacks(self.pointers))

        start = now_us()

        def stopped() -> None:
            nonlocal start
            self._look_around(pid)
            if changed:
                self._forget()
            found = self._walk(seen, {})
            if self.session.holds_late():
                self.session.resume()  # the supervisor sees that it's still held, and ends this gdb
            elif self._lacks_symbols(found):
                self.session.resume()
                self.symbols.give_target()
                start = now_us()
                self.session.stop(frozenset(), guarded("look", stopped))
                return
            else:
                self.session.detach()
            self._write(number, pid, start - epoch, now_us() - start, found)
        self._attach("look", pid, stopped)

    def hurry(self) -> None:
        self.session.hurry()

    def detach(self) -> None:
        """Stops every thread first: to one that gdb has told to stop and that has not, it sends a SIGCONT as it
        detaches, and that stays pending where it is blocked."""
        pid = self.session.pid

        def stopped() -> None:
            self.session.detach()
            write_lines([marker("detached", pid=pid)])
        self.session.stop(frozenset(blocked(procfs.threads(pid))), guarded("detach", stopped))

    # Their parts.

    def _let_go(self, pid: int, signal: str) -> None:
        write_lines([marker("stopped", pid=pid, signal=signal)])

    def _attach(self, verb: str, pid: int, stopped) -> None:
        leader = procfs.thread(pid, pid)
        self.session.frozen = leader is not None and leader.state == "T"
        self.session.attach(pid, guarded(verb, stopped))

    def _look_around(self, pid: int) -> None:
        """What is known once a target is attached: its interpreter, if it has one."""
        if self.python is not None or not self.python_files or not self._has_stopped():
            return
        self.python, note = interpreter.find(self.memory, self.python_files, self._thread_ids())
        if note:
            self.told.add(note)
            self.python_files = []  # until others are mapped

    def _has_stopped(self) -> bool:
        return any(thread.is_stopped() for thread in self.session.threads())

    def _thread_ids(self) -> set:
        """Of some threads: they are to tell live interpreters from others."""
        stopped = [thread for thread in self.session.threads() if thread.is_stopped()]
        return {registers.read(thread).thread_id for thread in stopped[:THREAD_IDS_MAX]}

    def _follow(self, seen: dict) -> bool:
        """Without breakpoints gdb isn't told of new libraries: looked for before each stop. Not while a thread
        is in state D: /proc/PID/maps takes a lock of the target's, which that thread may hold."""
        if blocked(seen):
            return False
        self._follow_jit()
        changed = self.symbols.follow()
        if changed and self.python is None:
            self.python_files = self.files.look()
        return changed

    def _follow_jit(self) -> None:
        if self.perf_map.follow():
            jit.install(self.perf_map, self.code.is_code)
            self.namer.forget_nameless()

    def _reload(self) -> None:
        if self._has_stopped():
            self._forget()
            self._look_around(self.session.pid)

    def _forget(self) -> None:
        self.unwinder.forget()
        self.namer.forget()

    def _walk(self, seen: dict, asleep: dict) -> list:
        self._look_around(self.session.pid)
        states = self._thread_states()
        found, walked = [], []
        for thread in self.session.threads():
            sample = ThreadSample(thread, seen.get(thread.ptid[1]))
            if thread.is_stopped():
                of_it = registers.read(thread)
                if states:
                    self._read_python(sample, states.pop(of_it.thread_id, ()))
                sample.word = of_it.word
                sample.stack = walk(self.unwinder, self.memory, thread, of_it, self.symbols.in_target)
                self.pointers[sample.tid] = of_it.sp
                walked.append(sample)
            else:
                sample.kernel = asleep.get(sample.tid) or procfs.kernel(self.session.pid, sample.tid)
            found.append(sample)
        if self.python is not None:
            self._share_out(walked, states)
            self._tell_doing(walked)
        return found

    def _lacks_symbols(self, found: list) -> bool:
        """Is there a stack that gdb has to unwind, and has no symbols for yet? Then it's given them, and the threads are
        looked at once more."""
        return not self.symbols.in_target and any(sample.stack and not sample.stack.frames for sample in found)

    def _read_python(self, sample: ThreadSample, states) -> None:
        if states:
            sample.states = states
            sample.runs = self.python.runs(self.memory, states)

    def _tell_doing(self, walked: list) -> None:
        does = self.python.doing(self.memory, [(sample.states, sample.word) for sample in walked])
        for sample, doing in zip(walked, does):
            sample.doing = doing

    def _share_out(self, walked: list, others: dict) -> None:
        """Makes each sample's runs one list. others: the states that are none of the walked threads'."""
        stacks = [sample.stack for sample in walked]
        states = [sample.runs for sample in walked]
        if not self.python.by_address and any(len(own) > 1 for own in states):
            settle(stacks, states, self.memory)
        runs = [sum(own, []) for own in states]
        if self.python.by_address:
            deal_out(stacks, runs, sum(self.python.runs(self.memory, sum(others.values(), [])), []))
        for sample, own in zip(walked, runs):
            sample.runs = own

    def _thread_states(self) -> dict:
        if self.python is None or not self._has_stopped():
            return {}
        try:
            return self.python.thread_states(self.memory)
        except BadRead:
            return {}  # shutting down, or not yet started

    def _write(self, number: int, pid: int, time_us: int, pause_us: int, found: list) -> None:
        lines = self._notes(pid)
        lines.append(marker("begin", sample=number, pid=pid, time_us=time_us))
        for sample in found:
            if sample.kernel is not None:
                lines.append(marker("kernel", *sample.kernel, tid=sample.tid, name=sample.name,
                                    state="D", **sample.cpu))
            elif sample.stack is None:
                lines.append(marker("lost", tid=sample.tid, name=sample.name, why="it did not stop",
                                    **sample.cpu))
            else:
                add_stack(lines, sample, self.namer.names)
        lines.append(marker("end", sample=number, pid=pid, pause_us=pause_us))
        write_lines(lines)

    def _notes(self, pid: int) -> list:
        """What is told once of a target."""
        lines = [marker("note", pid=pid, text=note) for note in self.code.notes]
        self.code.notes = []
        if self.python is not None and self.python.trouble():
            self.told.add(self.python.trouble())
        if self.python is not None and "python" not in self.told:
            self.told.add("python")
            lines.append(marker("python", pid=pid, version=self.python.version))
        for note in sorted(self.told - {"python", None}):
            if not isinstance(note, tuple):
                lines.append(marker("note", pid=pid, text=note))
        return lines


def blocked(seen: dict) -> list:
    """The threads in uninterruptible sleep: they would not answer a stop."""
    return [tid for tid, thread in seen.items() if thread.state == "D"]


def add_stack(lines: list, sample: ThreadSample, names) -> None:
    """One thread as gdb prints it, with each evaluator's Python frames right below it. names(frame): those of the functions
    there, inlined ones first."""
    lines.append('Thread %d (LWP %d "%s"):' % (sample.number, sample.tid, one_line(sample.name)))
    lines.append(marker("state", code=sample.state, **sample.cpu))
    if sample.doing:
        lines.append(marker("doing", what=sample.doing))
    pairs, loose = pair(sample.stack.pointers, sample.runs)
    number = 0
    for i, frame in enumerate(sample.stack.frames):
        for name in names(frame):
            lines.append("#%-2d 0x%016x in %s" % (number, frame.pc, one_line(name)))
            number += 1
        for run in pairs.get(i, ()):
            add_python(lines, run.frames)
    if sample.stack.stopped_by:
        lines.append(one_line(sample.stack.stopped_by))
    if loose:
        lines.append("Traceback (most recent call first):")
        for run in loose:
            add_python(lines, run.frames)


def add_python(lines: list, frames: list) -> None:
    for frame in frames:
        code = frame.code
        lines.append('  File "%s", line %d, in %s' % (
            one_line(code.file), code.line(frame.offset), one_line(code.name)))
        lines.append(marker("code", first_line=code.first_line))


def guarded(verb: str, function):
    """`function`, with every failure answered: the supervisor waits for an answer, whatever happens."""
    def call(*args) -> None:
        try:
            function(*args)
        except Exception as err:  # whatever it is, the target must run on and pmp must be told
            fail(verb, err)
    return call


def fail(verb: str, err: Exception) -> None:
    try:
        # After an attach that failed the supervisor takes the target for let go.
        AGENT.session.detach() if verb in ("attach", "look") else AGENT.session.resume()
    except gdb.error:
        pass  # it has ended, or nothing is attached
    write_lines([marker("error", verb=verb, why="%s" % err or type(err).__name__)])


VERBS = ("warm", "attach", "sample", "look", "hurry", "detach")
AGENT = Agent()


def pmp(verb: str, *args: int) -> None:
    if verb not in VERBS:
        raise gdb.GdbError("pmp: no such verb: " + verb)
    guarded(verb, getattr(AGENT, verb))(*args)


jit.skip_unwinders()
session.apply_settings()
session.rehearse()
sys.modules["__main__"].pmp = pmp
write_lines([marker("hello", gdb=gdb.VERSION, python="%d.%d.%d" % sys.version_info[:3])])
