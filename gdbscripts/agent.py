"""The agent: pmp's commands inside gdb. It is the only module that acts when it is loaded.

cli/gdb/worker.h describes the arguments and the answer of each command. A command that fails
answers with one `error` line and leaves the target running. A sample is: stop, read the stacks,
resume, and only then look up names and write. The list of commands is COMMANDS.
"""
import re
import sys

import gdb

import pmp_interpreter as interpreter
import pmp_py_frames as py_frames
import pmp_shared_libraries as shared_libraries
import pmp_procfs as procfs
import pmp_registers as registers
import pmp_session as session
import pmp_unwinder as unwinder
from pmp_code_map import CodeMap
from pmp_core_file import FAULTS, Core, CoreCodeMap, CorePythonFiles, NoPerfMap, read_registers
from pmp_dump_details import Details
from pmp_thread_sampler import ThreadSampler, Target
from pmp_markers import marker, one_line, write_lines
from pmp_memory import Memory
from pmp_symbolizer import JIT_CODE, Symbolizer
from pmp_frame_pairing import pair
from pmp_native_names import NativeNames
from pmp_perf_map import PerfMap
from pmp_python_files import PythonFiles
from pmp_ruby_files import ruby_file, ruby_files
from pmp_ruby_vm import find_live_ruby
from pmp_runtimes import jit_note
from pmp_session import now_us
from pmp_symbols import Symbols
from pmp_thread_names import ThreadNames

# The function in which the stack of a greenlet begins (greenlet's src/greenlet/TUserGreenlet.cpp;
# up to 1.1 greenlet.c). The frames outside are those of its starter, if they are still there.
GREENLET_START = re.compile(r"(greenlet::\w+::)?g_initialstub\b")
IDENTS_MAX = 64  # threads whose pthread_self is read to find the live interpreter


class Agent:
    """The state that commands share. One target: the pid of `warm`, `attach` and `sample`."""

    def __init__(self) -> None:
        self.session = session.Session(self._report_stopped)
        self.target = None
        self.symbolizer = None
        self.code = None
        self.symbols = None
        self.perf_map = None
        self.files = None
        self.ruby_files = None
        # Mapped PythonFiles and RubyFiles, as long as no live interpreter is known.
        self.python_files, self.mapped_rubies = [], []
        self.notes = set()  # texts for pmp's user, repeated with each sample
        self.python_reported = False  # the `python` marker was written
        self.names = ThreadNames()
        self.native_names = None
        self.jit_reported = False  # the note about unnamed generated code was added

    # The commands.

    def warm(self, pid: int, started_by_pmp: int = 0, glue: int = 0) -> None:
        """Reads symbols before the attach. started_by_pmp: 1 if the target is a program that pmp
        has stopped at its first instruction; glue: 1: with_owners of NativeNames."""
        self.code = CodeMap(pid)
        root = procfs.foreign_root(pid)
        self.symbols = Symbols(self.code, root, pid)
        self.files, self.ruby_files = PythonFiles(pid), ruby_files(pid)
        self.perf_map = PerfMap(pid, root)
        memory = Memory(pid)
        self.native_names = NativeNames(self.code, memory, bool(glue))
        self.symbolizer = Symbolizer(self.code, self.symbols, self.perf_map, self.native_names)
        self.target = Target(pid, memory, unwinder.Unwinder(self.code, self.perf_map.find))
        self._update_maps(procfs.thread_stats(pid))
        self.symbols.load_pending()
        if started_by_pmp:
            self._preload_libraries(pid)
        write_lines([marker("warm", pid=pid)])

    def attach(self, pid: int, started_by_pmp: int = 0) -> None:
        """Attaches, finds the interpreter, resumes. started_by_pmp: 1: resumes the target although
        it was stopped before."""
        stats = procfs.thread_stats(pid)
        self._update_maps(stats)
        self.symbols.load_pending()

        def on_stopped() -> None:
            self._find_interpreter()
            self._store_idents(stats)
            if started_by_pmp:
                self.session.watch_exec(lambda: self._on_exec(pid))
            self.session.resume()
            pause = now_us() - self.session.began_us
            self.target.unwinder.load_rules(self.code.pointers_on_stacks({}))
            self._update_native_names()
            self.native_names.read_interpreter()
            write_lines([marker("attached", pid=pid, pause_us=pause)] + self._note_lines(pid))
        self._attach("attach", pid, on_stopped, bool(started_by_pmp))

    def sample(self, number: int, epoch: int, instant: int = 0) -> None:
        """Takes one sample of the attached target. epoch: time 0 of the run, in us; instant: 1:
        stops all threads at once, also those that sleep."""
        pid = self.session.pid
        if not pid:
            raise gdb.error("the target has ended")
        stats = procfs.thread_stats(pid)
        changed = self._update_maps(stats)
        procfs.read_cpu(pid, stats)
        begun = now_us()
        kernel_stacks = {tid: procfs.kernel_stack(pid, tid) for tid in uninterruptible(stats)}
        unstoppable = frozenset(tid for tid, stack in kernel_stacks.items() if stack is not None)
        if changed:
            self._clear_caches()
        python_known = not changed and not self._needs_python_search()
        exec_count = self.target.exec_count
        sampler = ThreadSampler(self.target, stats)
        if python_known and not instant:
            sampler.read_sleepers(self.session.threads())

        def on_stopped() -> None:
            nonlocal sampler
            if not self.session.pid:
                raise gdb.error("the target has ended")
            if not python_known or exec_count != self.target.exec_count:
                self._find_interpreter()
                sampler = ThreadSampler(self.target, stats)
            sampler.read_stopped(self.session.threads())
            samples = sampler.finish(self.session.threads(), kernel_stacks)
            pause = self._resume_timed()
            self.names.set_names(self.target, samples, stats)
            self._write(number, pid, begun - epoch, pause, samples)
        self.session.stop(sampler.tids_read() | unstoppable, guarded("sample", on_stopped))

    def one_shot(self, pid: int, number: int, epoch: int) -> None:
        """Attaches, takes one sample, detaches (--attach each)."""
        self._one_shot("one_shot", pid, number, epoch, False)

    def dump(self, pid: int, number: int, epoch: int, want_locals: int) -> None:
        """As one_shot, and writes what the threads wait for. want_locals: 1: also the locals of
        Python frames."""
        self._one_shot("dump", pid, number, epoch, bool(want_locals))

    def _one_shot(self, verb: str, pid: int, number: int, epoch: int, want_locals: bool) -> None:
        stats = procfs.thread_stats(pid)
        changed = self._update_maps(stats)
        self.symbols.load_pending()
        if verb == "dump":
            self.target.runtime = self.code.runtime()
        procfs.read_cpu(pid, stats)
        pointers = self.code.pointers_on_stacks(self.target.stack_pointers)
        self.target.unwinder.load_rules(pointers)
        if changed:
            self._clear_caches()
        begun = now_us()

        def on_stopped() -> None:
            self._find_interpreter()
            sampler = ThreadSampler(self.target, stats)
            sampler.read_stopped(self.session.threads())
            samples = sampler.finish(self.session.threads(), {})
            details = None
            if verb == "dump":
                details = Details(self.target, samples, stats, want_locals)
                details.read()

            def write() -> None:
                pause = now_us() - self.session.began_us
                if details is None:
                    self.names.set_names(self.target, samples, stats)
                self._write(number, pid, begun - epoch, pause, samples, details)
            if self.session.has_running_threads():
                self.session.resume()  # pmp sees that gdb is still attached, and ends this gdb
                write()
            else:
                self.session.detach_cleanly(guarded(verb, write))
        self._attach(verb, pid, on_stopped)

    def core(self, holder: int, core: int, program: int, want_locals: int) -> None:
        """A dump of a core file. holder: the process that has the file open, as descriptor `core`;
        program: its descriptor of a file to use as the executable, -1: none."""
        place = "/proc/%d/fd/%%d" % holder
        core = Core(place % core, place % program if program >= 0 else "")
        pid = core.pid
        self.code = CoreCodeMap(core)
        self.symbols = Symbols(self.code)
        self.native_names = NativeNames(self.code, core.memory)
        self.symbolizer = Symbolizer(self.code, self.symbols, NoPerfMap(), self.native_names)
        self.target = Target(pid, core.memory, unwinder.Unwinder(self.code), is_live=False)
        self.symbols.update()
        self.target.runtime = self.code.runtime()
        idents = {read_registers(thread).thread_id for thread in core.threads}
        files = CorePythonFiles(core).scan()
        self.target.python, note = interpreter.find_live(core.memory, files, idents)
        self._add_note(note)
        if self.target.python is None:
            rubies = CorePythonFiles(core, ruby_file).scan()
            self.target.ruby, note = find_live_ruby(core.memory, rubies, idents)
            self._add_note(note)
        stats = core.thread_stats()
        sampler = ThreadSampler(self.target, stats, read_registers)
        sampler.read_stopped(core.threads)
        samples = sampler.finish(core.threads, {})
        details = Details(self.target, samples, stats, bool(want_locals))
        details.read()
        write_lines(core_lines(core, self.code.mapped()))
        self._write(1, pid, 0, 0, samples, details)

    def skip_unstoppable(self, sent_us: int) -> None:
        """Session.skip_unstoppable: pmp sends it when a stop takes too long."""
        self.session.skip_unstoppable(sent_us)

    def forget_exited(self) -> None:
        """Session.forget_exited: pmp sends it while a stop lasts."""
        self.session.forget_exited()

    def detach(self) -> None:
        """Stops every thread first. If gdb detaches from a thread that it has interrupted and that
        has not stopped yet, it sends it a SIGCONT, which stays pending in a thread that blocks
        it."""
        pid = self.session.pid
        unstoppable = frozenset(uninterruptible(procfs.thread_stats(pid)))

        def on_stopped() -> None:
            self.session.detach_cleanly(lambda: write_lines([marker("detached", pid=pid)]))
        self.session.stop(unstoppable, guarded("detach", on_stopped))

    # Parts of the commands.

    def _preload_libraries(self, pid: int) -> None:
        self.symbols.preload(shared_libraries.of_process(pid))

    def _on_exec(self, pid: int) -> None:
        if self._update_maps(procfs.thread_stats(pid)):
            self._clear_caches()
        self.symbols.load_pending()
        self._preload_libraries(pid)

    def _report_stopped(self, pid: int, signal: str) -> None:
        write_lines([marker("stopped", pid=pid, signal=signal)])

    def _attach(self, verb: str, pid: int, on_stopped, started_by_pmp: bool = False) -> None:
        leader = procfs.thread_stat(pid, pid)
        is_stopped = leader is not None and leader.state == "T"
        self.session.keep_stopped = is_stopped and not started_by_pmp
        self.session.resume_stopped = is_stopped and started_by_pmp
        self.session.attach(pid, guarded(verb, on_stopped))

    def _resume_timed(self) -> int:
        """Ends the stop; returns its length in us, 0 if no thread was stopped."""
        has_stopped = self.session.has_stopped
        self.session.resume()
        return now_us() - self.session.began_us if has_stopped else 0

    def _find_interpreter(self) -> None:
        """Finds the live interpreter among the mapped ones, while threads are stopped."""
        if not self._needs_python_search() or not self._stopped_threads():
            return
        target, idents = self.target, self._some_idents()
        target.python, note = interpreter.find_live(target.memory, self.python_files, idents)
        if note:
            self._add_note(note)
            self.python_files = []  # until the mappings change
        if target.python is None and self.mapped_rubies:
            target.ruby, note = find_live_ruby(target.memory, self.mapped_rubies, idents)
            if note:
                self._add_note(note)
                self.mapped_rubies = []

    def _needs_python_search(self) -> bool:
        """Is a CPython or Ruby mapped, and no live interpreter known?"""
        return self.target.interpreter is None and bool(self.python_files or self.mapped_rubies)

    def _stopped_threads(self) -> list:
        return [thread for thread in self.session.threads() if thread.is_stopped()]

    def _some_idents(self) -> set:
        """pthread_self of some stopped threads, which tell a live interpreter from an unused
        one."""
        read = [registers.read(thread) for thread in self._stopped_threads()[:IDENTS_MAX]]
        return {regs.thread_id for regs in read if regs is not None}

    def _store_idents(self, stats: dict) -> None:
        """Stores pthread_self of each thread: it cannot be read of threads that are not stopped."""
        if self.target.interpreter is not None:
            for thread in self._stopped_threads():
                regs, stat = registers.read(thread), stats.get(thread.ptid[1])
                if regs is not None and stat is not None:
                    self.target.idents[thread.ptid[1], stat.began] = regs.thread_id

    def _update_maps(self, stats: dict) -> bool:
        """Reads the mappings again; True if they have changed. gdb gets no event for new libraries
        without breakpoints, so this is done before each stop; but not while a thread is in state D:
        reading /proc/PID/maps takes a lock of the target's that such a thread may hold."""
        if uninterruptible(stats):
            return False
        if self.perf_map.update():
            self.symbolizer.clear_unnamed()
        changed = self.symbols.update()
        if changed and self.code.has_executed:
            self.target.reset()
            self.python_reported = False
        if changed and self.target.interpreter is None:
            self.python_files, self.mapped_rubies = self.files.scan(), self.ruby_files.scan()
        return changed

    def _clear_caches(self) -> None:
        self.target.unwinder.clear()
        self.symbolizer.clear()

    def _add_note(self, note) -> None:
        if note:
            self.notes.add(note)

    def _write(self, number: int, pid: int, time_us: int, pause_us: int, samples: list,
               details=None) -> None:
        """Looks up the names and writes one sample, from its begin marker to its end marker."""
        self._update_native_names()
        stacks = [sample.stack for sample in samples if sample.stack is not None]
        self.symbolizer.resolve([frame for stack in stacks for frame in stack.frames])
        if details is None and self.symbolizer.has_jit_code and not self.jit_reported:
            self.jit_reported = True
            self._add_note(jit_note(self.code.runtime()))
        lines = self._note_lines(pid)
        lines.append(marker("begin", sample=number, pid=pid, time_us=time_us))
        for sample in samples:
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

    def _update_native_names(self) -> None:
        if self.native_names.set_python(self.target.python):
            self.symbolizer.clear_unnamed()

    def _note_lines(self, pid: int) -> list:
        """`note`, `module` and `python` markers. Notes and modules of the CodeMap are written once;
        self.notes with each sample."""
        lines = [marker("note", pid=pid, text=note) for note in self.code.notes]
        for file in self.code.modules:
            pairs = (("build_id", file.build_id),) if file.build_id else ()
            pairs += (("python", 1),) if file.uses_python else ()
            pairs += (("base", "0x%x" % (file.base % (1 << 64))),) if file.base else ()
            if pairs:
                path = one_line(self.code.target_path(file.path))
                lines.append(marker("module", *pairs, pid=pid, path=path))
        self.code.notes, self.code.modules = [], []
        found = self.target.interpreter
        if found is not None:
            self._add_note(found.warning())
            if not self.python_reported:
                self.python_reported = True
                lines.append(marker(found.language, pid=pid, version=found.version))
        return lines + [marker("note", pid=pid, text=note) for note in sorted(self.notes)]


def uninterruptible(stats: dict) -> list:
    """The tids of the threads in uninterruptible sleep (D): they cannot stop. stats:
    procfs.thread_stats."""
    return [tid for tid, stat in stats.items() if stat.state == "D"]


def core_lines(core: Core, mapped: list) -> list:
    """The `maps`, `map` and `process` markers of a core file. mapped: CodeMap.mapped."""
    lines = [marker("maps", pid=core.pid)]
    for start, end, offset, path in mapped:
        lines.append(marker("map", pid=core.pid, start="0x%x" % start, end="0x%x" % end,
                            offset="0x%x" % offset, path=one_line(path)))
    fault = (("fault", "0x%x" % core.fault),) if core.signal in FAULTS else ()
    lines.append(marker("process", ("pid", core.pid), ("ppid", core.ppid), ("name", core.name),
                        ("core", 1), ("signal", core.signal),
                        ("signal_tid", core.threads[0].ptid[1]), *fault))
    return lines


def add_stack(lines: list, sample, names, details=None) -> None:
    """Adds one thread as gdb prints it, with each evaluator's Python frames right below its native
    frame. names(frame): the names of its functions, inlined ones first. A run of unnamed generated
    code is one frame; a dump shows how many it stands for."""
    name = (details.name(sample) if details is not None else "") or sample.name
    lines.append('Thread %d (LWP %d "%s"):' % (sample.number, sample.tid, one_line(name)))
    lines.append(marker("state", code=sample.state, **sample.cpu))
    if details is not None:
        lines += details.lines_of(sample, names)
    if sample.activity:
        lines.append(marker("doing", what=sample.activity))
    pairs, loose = pair(sample.stack.frame_sps, sample.runs)
    number = jit_run = 0
    for i, frame in enumerate(sample.stack.frames):
        if isinstance(frame, unwinder.Gap):  # with the Python frames that it runs
            lines.append(marker("more", frames=frame.count))
            number += frame.count
            continue
        found = names(frame)
        jit_run = jit_run + 1 if found == JIT_CODE else 0
        if jit_run > 1:
            if details is not None:
                lines[-1] = re.sub("code.*]", "code, %d frames]" % jit_run, lines[-1])
        else:
            for name in found:
                lines.append("#%-2d 0x%016x in %s" % (number, frame.pc, one_line(name)))
                number += 1
        for run in pairs.get(i, ()):
            add_frames(lines, run.frames)
            jit_run = 0
        if GREENLET_START.match(found[0]) and max(pairs, default=0) <= i:
            break
    if sample.stack.stop_reason:
        lines.append(one_line(sample.stack.stop_reason))
    if loose:
        lines.append("Traceback (most recent call first):")
        for run in loose:
            add_frames(lines, run.frames)


def add_frames(lines: list, frames: list) -> None:
    """Adds Python or Ruby frames as a traceback of Python prints them, leaf first."""
    for frame in frames:
        if isinstance(frame, py_frames.Gap):
            lines.append(marker("more", frames=frame.count, python=1))
            continue
        code = frame.code
        lines.append('  File "%s", line %d, in %s' % (
            one_line(code.file), code.line(frame.offset), one_line(code.name)))
        lines.append(marker("code", first_line=code.first_line, **code.more))


def guarded(verb: str, function):
    """`function`, with an `error` line as the answer to any exception: pmp waits for an answer."""
    def call(*args) -> None:
        try:
            function(*args)
        except Exception as err:  # any exception: the target must run on and pmp needs an answer
            fail(verb, err)
    return call


def fail(verb: str, err: Exception) -> None:
    """Leaves the target running, and writes the `error` line."""
    try:
        if verb in ("attach", "one_shot", "dump"):
            AGENT.session.detach()  # pmp takes the target for detached after a failed attach
        else:
            AGENT.session.resume()
    except gdb.error:
        pass  # the target has ended, or is not attached
    write_lines([marker("error", verb=verb, why="%s" % err or type(err).__name__)])


COMMANDS = ("warm", "attach", "sample", "one_shot", "dump", "core", "skip_unstoppable",
            "forget_exited", "detach")
AGENT = Agent()


def pmp(verb: str, *args: int) -> None:
    """Runs one command: pmp sends `python pmp("VERB", ...)` to gdb."""
    if verb not in COMMANDS:
        raise gdb.GdbError("pmp: no such verb: " + verb)
    guarded(verb, getattr(AGENT, verb))(*args)


session.apply_settings()
session.warm_up_ptrace()
sys.modules["__main__"].pmp = pmp
write_lines([marker("hello", gdb=gdb.VERSION, python="%d.%d.%d" % sys.version_info[:3])])
