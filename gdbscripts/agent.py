"""The agent: pmp's verbs inside gdb. The one module that does something when it is loaded.

What each verb is told and what it answers is in cli/gdb/worker.h. A verb that fails answers with one `error`
line and leaves the target running. A sample is: stop, walk, resume, and only then name and write.
"""
import sys

import gdb

import pmp_interpreter as interpreter
import pmp_jit as jit
import pmp_shared_libraries as shared_libraries
import pmp_procfs as procfs
import pmp_registers as registers
import pmp_session as session
from pmp_code_map import CodeMap
from pmp_core_file import FAULTS, Core, CoreCodeMap, CorePythonFiles, NoPerfMap, read_registers
from pmp_dump_details import Details
from pmp_thread_sampler import ThreadSampler, Target
from pmp_markers import marker, one_line, write_lines
from pmp_memory import Memory
from pmp_symbolizer import Symbolizer
from pmp_frame_pairing import pair
from pmp_perf_map import PerfMap
from pmp_python_files import PythonFiles
from pmp_session import now_us
from pmp_symbols import Symbols
from pmp_unwinder import Unwinder

THREAD_IDS_MAX = 64


class Agent:
    def __init__(self) -> None:
        self.session = session.Session(self._let_go)
        self.target = None
        self.symbolizer = None
        self.code = None
        self.symbols = None
        self.perf_map = None
        self.files = None
        self.python_files = []
        self.notes_sent = set()

    # The verbs.

    def warm(self, pid: int, started_by_pmp: int = 0) -> None:
        """started_by_pmp: it's a program at its first instruction."""
        self.code = CodeMap(pid)
        self.symbols = Symbols(pid, self.code)
        self.files = PythonFiles(pid)
        self.perf_map = PerfMap(pid, procfs.foreign_root(pid))
        self.symbolizer = Symbolizer(self.code, self.symbols, self.perf_map)
        self.target = Target(pid, Memory(pid), Unwinder(self.code.function_at), self.symbols)
        self._follow(procfs.thread_stats(pid))
        self.symbols.load_pending()
        if started_by_pmp:
            self._expect(pid)
        write_lines([marker("warm", pid=pid)])

    def attach(self, pid: int, started_by_pmp: int = 0) -> None:
        """started_by_pmp: it is let run, though it was stopped."""
        seen = procfs.thread_stats(pid)
        self._follow(seen)
        self.symbols.load_pending()

        def stopped() -> None:
            self._find_interpreters(pid)
            self._keep_idents(seen)
            if started_by_pmp:
                self.session.hold_at_exec(lambda: self._executed(pid))
            self.session.resume()
            pause = now_us() - self.session.began_us
            self.target.unwinder.load_rules(self.code.pointers_on_stacks({}))
            write_lines([marker("attached", pid=pid, pause_us=pause)] + self._notes(pid))
        self._attach("attach", pid, stopped, bool(started_by_pmp))

    def sample(self, number: int, epoch: int, instant: int = 0) -> None:
        """instant: all threads are stopped at once, those that sleep, too."""
        pid = self.session.pid
        if not pid:
            raise gdb.error("the target has ended")
        seen = procfs.thread_stats(pid)
        changed = self._follow(seen)
        procfs.read_cpu(pid, seen)
        begun = now_us()
        asleep = {tid: procfs.kernel_stack(pid, tid) for tid in blocked(seen)}
        immobile = frozenset(tid for tid, kernel in asleep.items() if kernel is not None)
        if changed:
            self._forget()
        is_known = not changed and not self._seeks_python()
        exec_count = self.target.exec_count
        sampler = ThreadSampler(self.target, seen)
        if is_known and not instant:
            sampler.read_sleepers(self.session.threads())

        def stopped() -> None:
            nonlocal sampler
            if not self.session.pid:
                raise gdb.error("the target has ended")
            if not is_known or exec_count != self.target.exec_count:
                self._find_interpreters(pid)
                sampler = ThreadSampler(self.target, seen)
            sampler.read_stopped(self.session.threads())
            found = sampler.finish(self.session.threads(), asleep)
            pause = self._pause(self.session.resume)
            if sampler.needs_symbols():
                self.symbols.load_into_target()
                sampler = ThreadSampler(self.target, seen)
                self.session.stop(immobile, guarded("sample", stopped))
                return
            self._write(number, pid, begun - epoch, pause, found)
            if not asleep:
                self.symbols.read_units_between_samples(self.target.stack_pointers)
        self.session.stop(sampler.tids_read() | immobile, guarded("sample", stopped))

    def one_shot(self, pid: int, number: int, epoch: int) -> None:
        self._one_shot("one_shot", pid, number, epoch, False)

    def dump(self, pid: int, number: int, epoch: int, want_locals: int) -> None:
        """A look, and what the threads wait for; the locals of Python frames, if they are wanted."""
        self._one_shot("dump", pid, number, epoch, bool(want_locals))

    def _one_shot(self, verb: str, pid: int, number: int, epoch: int, want_locals: bool) -> None:
        seen = procfs.thread_stats(pid)
        changed = self._follow(seen)
        self.symbols.load_pending()
        procfs.read_cpu(pid, seen)
        self.target.unwinder.load_rules(self.code.pointers_on_stacks(self.target.stack_pointers))
        if changed:
            self._forget()
        begun = now_us()

        def stopped() -> None:
            self._find_interpreters(pid)
            sampler = ThreadSampler(self.target, seen)
            sampler.read_stopped(self.session.threads())
            found = sampler.finish(self.session.threads(), {})
            details = Details(self.target, found, seen, want_locals) if verb == "dump" else None
            if details is not None:
                details.read()

            def write() -> None:
                self._write(number, pid, begun - epoch, now_us() - self.session.began_us, found, details)
            if self.session.holds_late():
                self.session.resume()  # the supervisor sees that it's still held, and ends this gdb
                write()
            elif sampler.needs_symbols():
                self.session.resume()
                self.symbols.load_into_target()
                self.session.stop(frozenset(), guarded(verb, stopped))
            else:
                self.session.let_go(guarded(verb, write))
        self._attach(verb, pid, stopped)

    def core(self, holder: int, core: int, program: int, want_locals: int) -> None:
        """A dump of a core file. holder: the process that has it open, as descriptor `core`; program: the same of a file
        that is to be taken for its executable, -1: none."""
        place = "/proc/%d/fd/%%d" % holder
        core = Core(place % core, place % program if program >= 0 else "")
        pid = core.pid
        self.code = CoreCodeMap(core)
        self.symbols = Symbols(pid, self.code)
        self.symbolizer = Symbolizer(self.code, self.symbols, NoPerfMap())
        self.target = Target(pid, core.memory, Unwinder(self.code.function_at), self.symbols, is_live=False)
        self.symbols.update()
        seen, found = core.thread_stats(), [read_registers(thread) for thread in core.threads]
        self.target.python, note = interpreter.find_live(core.memory, CorePythonFiles(core).scan(),
                                                    {regs.thread_id for regs in found})
        self.notes_sent.add(note)
        sampler = ThreadSampler(self.target, seen, read_registers)
        sampler.read_stopped(core.threads)
        samples = sampler.finish(core.threads, {})
        details = Details(self.target, samples, seen, bool(want_locals))
        details.read()
        lines = [marker("maps", pid=pid)] + [marker("map", pid=pid, start="0x%x" % start, end="0x%x" % end, offset="0x%x" % offset,
                                                    path=one_line(path)) for start, end, offset, path in self.code.mapped()]
        fault = (("fault", "0x%x" % core.fault),) if core.signal in FAULTS else ()
        write_lines(lines + [marker("process", ("pid", pid), ("ppid", core.ppid), ("name", core.name), ("core", 1),
                            ("signal", core.signal), ("signal_tid", core.threads[0].ptid[1]), *fault)])
        self._write(1, pid, 0, 0, samples, details)

    def skip_unstoppable(self, sent_us: int) -> None:
        self.session.skip_unstoppable(sent_us)

    def forget_exited(self) -> None:
        self.session.forget_exited()

    def detach(self) -> None:
        """Stops every thread first: to one that gdb has told to stop and that has not, it sends a SIGCONT as it
        detaches, and that stays pending where it is blocked."""
        pid = self.session.pid

        def stopped() -> None:
            self.session.let_go(lambda: write_lines([marker("detached", pid=pid)]))
        self.session.stop(frozenset(blocked(procfs.thread_stats(pid))), guarded("detach", stopped))

    # Their parts.

    def _expect(self, pid: int) -> None:
        self.symbols.preload(shared_libraries.of_process(pid))

    def _executed(self, pid: int) -> None:
        if self._follow(procfs.thread_stats(pid)):
            self._forget()
        self.symbols.load_pending()
        self._expect(pid)

    def _let_go(self, pid: int, signal: str) -> None:
        write_lines([marker("stopped", pid=pid, signal=signal)])

    def _attach(self, verb: str, pid: int, stopped, started_by_pmp: bool = False) -> None:
        leader = procfs.thread_stat(pid, pid)
        is_stopped = leader is not None and leader.state == "T"
        self.session.frozen, self.session.held = is_stopped and not started_by_pmp, is_stopped and started_by_pmp
        self.session.attach(pid, guarded(verb, stopped))

    def _pause(self, let_go) -> int:
        """Ends the stop; how long it was, in us."""
        stopped = self.session.has_stopped
        let_go()
        return now_us() - self.session.began_us if stopped else 0

    def _find_interpreters(self, pid: int) -> None:
        """What is known once a target is attached: its interpreter, if it has one."""
        if not self._seeks_python() or not self._stopped():
            return
        self.target.python, note = interpreter.find_live(self.target.memory, self.python_files, self._thread_ids())
        if note:
            self.notes_sent.add(note)
            self.python_files = []  # until others are mapped

    def _seeks_python(self) -> bool:
        """Is one mapped that is not known to be alive yet?"""
        return self.target.python is None and bool(self.python_files)

    def _stopped(self) -> list:
        return [thread for thread in self.session.threads() if thread.is_stopped()]

    def _thread_ids(self) -> set:
        """Of some threads: they are to tell live interpreters from others."""
        found = [registers.read(thread) for thread in self._stopped()[:THREAD_IDS_MAX]]
        return {regs.thread_id for regs in found if regs is not None}

    def _keep_idents(self, seen: dict) -> None:
        """Threads that sleep are not stopped any more: they do not tell."""
        if self.target.python is not None:
            for thread in self._stopped():
                regs, was = registers.read(thread), seen.get(thread.ptid[1])
                if regs is not None and was is not None:
                    self.target.idents[thread.ptid[1], was.began] = regs.thread_id

    def _follow(self, seen: dict) -> bool:
        """Without breakpoints gdb isn't told of new libraries: looked for before each stop. Not while a thread
        is in state D: /proc/PID/maps takes a lock of the target's, which that thread may hold."""
        if blocked(seen):
            return False
        self._follow_jit()
        changed = self.symbols.update()
        if changed and self.code.has_executed:
            self.target.reset()
            self.notes_sent.discard("python")
        if changed and self.target.python is None:
            self.python_files = self.files.scan()
        return changed

    def _follow_jit(self) -> None:
        if self.perf_map.update():
            jit.install_unwinder(self.perf_map, self.code.is_code)
            self.symbolizer.clear_unnamed()

    def _forget(self) -> None:
        self.target.unwinder.clear()
        self.symbolizer.clear()

    def _write(self, number: int, pid: int, time_us: int, pause_us: int, found: list,
               details=None) -> None:
        lines = self._notes(pid)
        self.symbolizer.resolve([frame for sample in found if sample.stack is not None for frame in sample.stack.frames])
        lines.append(marker("begin", sample=number, pid=pid, time_us=time_us))
        for sample in found:
            if sample.kernel is not None:
                lines.append(marker("kernel", *sample.kernel, tid=sample.tid, name=sample.name,
                                    state="D", **sample.cpu))
            elif sample.stack is None:
                lines.append(marker("lost", tid=sample.tid, name=sample.name, why="it did not stop",
                                    **sample.cpu))
            else:
                add_stack(lines, sample, self.symbolizer.names, details)
        if details is not None:
            lines += details.lines()
        lines.append(marker("end", sample=number, pid=pid, pause_us=pause_us))
        write_lines(lines)

    def _notes(self, pid: int) -> list:
        """What is told once of a target."""
        lines = [marker("note", pid=pid, text=note) for note in self.code.notes]
        lines += [marker("module", pid=pid, path=one_line(path), build_id=build_id) for path, build_id in self.code.modules]
        self.code.notes, self.code.modules = [], []
        python = self.target.python
        if python is not None and python.warning():
            self.notes_sent.add(python.warning())
        if python is not None and "python" not in self.notes_sent:
            self.notes_sent.add("python")
            lines.append(marker("python", pid=pid, version=python.version))
        for note in sorted(self.notes_sent - {"python", None}):
            if not isinstance(note, tuple):
                lines.append(marker("note", pid=pid, text=note))
        return lines


def blocked(seen: dict) -> list:
    """The threads in uninterruptible sleep: they would not answer a stop."""
    return [tid for tid, thread in seen.items() if thread.state == "D"]


def add_stack(lines: list, sample, names, details=None) -> None:
    """One thread as gdb prints it, with each evaluator's Python frames right below it. names(frame): those of the functions
    there, inlined ones first."""
    name = details.name(sample) if details is not None else ""
    lines.append('Thread %d (LWP %d "%s"):' % (sample.number, sample.tid, one_line(name or sample.name)))
    lines.append(marker("state", code=sample.state, **sample.cpu))
    if details is not None:
        lines += details.lines_of(sample, names)
    if sample.activity:
        lines.append(marker("doing", what=sample.activity))
    pairs, loose = pair(sample.stack.frame_sps, sample.runs)
    number = 0
    for i, frame in enumerate(sample.stack.frames):
        for name in names(frame):
            lines.append("#%-2d 0x%016x in %s" % (number, frame.pc, one_line(name)))
            number += 1
        for run in pairs.get(i, ()):
            add_python(lines, run.frames)
    if sample.stack.stop_reason:
        lines.append(one_line(sample.stack.stop_reason))
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
        AGENT.session.detach() if verb in ("attach", "one_shot", "dump") else AGENT.session.resume()
    except gdb.error:
        pass  # it has ended, or nothing is attached
    write_lines([marker("error", verb=verb, why="%s" % err or type(err).__name__)])


VERBS = ("warm", "attach", "sample", "one_shot", "dump", "core", "skip_unstoppable", "forget_exited", "detach")
AGENT = Agent()


def pmp(verb: str, *args: int) -> None:
    if verb not in VERBS:
        raise gdb.GdbError("pmp: no such verb: " + verb)
    guarded(verb, getattr(AGENT, verb))(*args)


jit.disable_unwinders()
session.apply_settings()
session.warm_up_ptrace()
sys.modules["__main__"].pmp = pmp
write_lines([marker("hello", gdb=gdb.VERSION, python="%d.%d.%d" % sys.version_info[:3])])
