"""The agent: pmp's commands inside gdb. It is the only module that acts when it is loaded.

cli/gdb/worker.h describes the arguments and the answer of each command. A command that fails
answers with one `error` line and leaves the target running. A sample is: stop threads, read their
stacks, let them go, and only then look up names and write. The list of commands is COMMANDS.
"""
import re
import sys
import threading
import time

import gdb

import pmp_gdb_settings as gdb_settings
import pmp_interpreter as interpreter
import pmp_process_sampler as process_sampler
import pmp_procfs as procfs
import pmp_ptrace as ptrace
import pmp_py_frames as py_frames
import pmp_shared_libraries as shared_libraries
import pmp_unwinder as unwinder
from pmp_code_map import CodeMap
from pmp_core_file import FAULTS, Core, CoreCodeMap, CorePythonFiles, NoPerfMap
from pmp_dump_details import Details
from pmp_frame_pairing import pair
from pmp_gdb_stops import GdbStops
from pmp_markers import marker, one_line, write_lines
from pmp_memory import Memory
from pmp_native_names import NativeNames
from pmp_perf_map import PerfMap
from pmp_pthread import tid_of
from pmp_python_files import PythonFiles
from pmp_ruby_files import ruby_file, ruby_files
from pmp_ruby_vm import find_live_ruby
from pmp_runtimes import jit_note
from pmp_symbolizer import JIT_CODE, Symbolizer
from pmp_symbols import Symbols
from pmp_thread_names import ThreadNames
from pmp_thread_sampler import Target, ThreadSampler
from pmp_thread_stops import ThreadStops

# The function in which the stack of a greenlet begins (greenlet's src/greenlet/TUserGreenlet.cpp;
# up to 1.1 greenlet.c). The frames outside are those of its starter, if they are still there.
GREENLET_START = re.compile(r"(greenlet::\w+::)?g_initialstub\b")
TRIES = 5  # of a sample of a process that executes another program meanwhile
PROBE_S = 0.2  # how long a read of /proc/PID/maps may take if a thread is in state D
MAPS_S = 0.02  # between two reads of the mappings
SETTLE_S = 0.002  # between two looks at a thread that has not stopped in time


class Agent:
    """The state that commands share. One target: the pid of `warm` and `sample`."""

    def __init__(self, can_seize: bool) -> None:
        self._new_stops = ThreadStops if can_seize else GdbStops
        self.stops = None
        self.early = None  # the sample that was taken by `warm`, as `_take`, and its pause
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
        self.settling = False  # `_settle` will be called again
        # procfs.exec_mark when the mappings were read, and when that was.
        self.mark, self.maps_read = (), 0.0
        self.has_rules = False  # _load_rules was called for these mappings
        self.probe = None  # the thread that reads /proc/PID/maps, as a test

    # The commands.

    def warm(self, pid: int, started_by_pmp: int, glue: int, early: int) -> None:
        """Reads symbols. started_by_pmp: 1 if the target is a program that pmp has stopped at its
        first instruction; glue: 1: with_owners of NativeNames; early: 1: takes the sample that will
        be the first one before that, unless gdb has to attach for it."""
        self.code = CodeMap(pid)
        root = procfs.foreign_root(pid)
        self.symbols = Symbols(self.code, root, pid)
        self.files, self.ruby_files = PythonFiles(pid), ruby_files(pid)
        self.perf_map = PerfMap(pid, root)
        memory = Memory(pid)
        self.native_names = NativeNames(self.code, memory, bool(glue))
        self.symbolizer = Symbolizer(self.code, self.symbols, self.perf_map, self.native_names)
        self.target = Target(pid, memory, unwinder.Unwinder(self.code, self.perf_map.find))
        self.stops = self._new_stops(pid)
        stats = procfs.thread_stats(pid)
        if self._can_read(stats):
            self._update_maps()
            self._search_interpreter(self._is_thread(stats))
            if early and self._new_stops is ThreadStops:
                self.early = self._take(pid, False, None) + (self.stops.longest_us,)
            self.symbols.load_pending()
            self._update_native_names()
            self.native_names.read_interpreter()
        if started_by_pmp:
            self.symbols.preload(shared_libraries.of_process(pid))
        write_lines([marker("warm", pid=pid)])

    def sample(self, pid: int, number: int, epoch: int, instant: int = 0) -> None:
        """Takes one sample. epoch: time 0 of the run, in us; instant: 1: stops all threads at once,
        also those that sleep."""
        if number == 1 and self.early is not None:
            stats, begun, samples, pause = self.early
            procfs.read_cpu(pid, stats)  # the CPU time between two samples counts
            for sample in samples:
                sample.set_cpu(stats[sample.tid])
        else:
            stats, begun, samples = self._take(pid, bool(instant), None)
            pause = self.stops.longest_us
        self.early = None
        self.names.set_names(self.target, samples, stats)
        self._write(number, pid, max(0, begun - epoch), pause, samples)

    def dump(self, pid: int, number: int, epoch: int, want_locals: int) -> None:
        """A sample of one instant, with what the threads wait for. want_locals: 1: also the locals
        of Python frames."""
        details = None
        self.target.runtime = self.code.runtime()

        def read_details(stats: dict, samples: list) -> None:
            nonlocal details
            details = Details(self.target, samples, stats, bool(want_locals))
            details.read()
        stats, begun, samples = self._take(pid, True, read_details)
        process_sampler.await_sleep(pid, stats)  # pmp reads the system calls after the sample
        details = details or Details(self.target, samples, stats, False)
        self._write(number, pid, begun - epoch, self.stops.longest_us, samples, details)

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
        idents = {core.registers(tid).thread_id for tid in core.tids()}
        files = CorePythonFiles(core).scan()
        self.target.python, note = interpreter.find_live(core.memory, files, idents.__contains__)
        self._add_note(note)
        if self.target.python is None:
            rubies = CorePythonFiles(core, ruby_file).scan()
            self.target.ruby, note = find_live_ruby(core.memory, rubies, idents.__contains__)
            self._add_note(note)
        stats = core.thread_stats()
        sampler = ThreadSampler(self.target, stats, core.registers, True)
        for tid in stats:
            sampler.read_stopped(tid)
        samples = sampler.finish({})
        details = Details(self.target, samples, stats, bool(want_locals))
        details.read()
        write_lines(core_lines(core, self.code.mapped()))
        self._write(1, pid, 0, 0, samples, details)

    # Parts of the commands.

    def _take(self, pid: int, instant: bool, on_stopped) -> tuple:
        """(procfs.thread_stats, time of the first stop in us, [ThreadSample]). on_stopped(stats,
        samples): is called while all threads are stopped."""
        for _ in range(TRIES):
            mark = procfs.exec_mark(pid)
            try:
                stats, begun, samples = self._take_once(pid, mark, instant, on_stopped)
            except process_sampler.NotTraced:
                if procfs.exec_mark(pid) == mark:
                    raise
                continue
            if procfs.exec_mark(pid) == mark:
                self._note_late_reads()
                return stats, begun, samples
        raise gdb.error("it executes one program after the other")

    def _note_late_reads(self) -> None:
        if self.target.memory.is_late:
            self.target.memory.is_late = False
            self._add_note("a thread was stopped for too long, so its stack is cut: the machine is "
                           "busy, or the stack is very deep")

    def _take_once(self, pid: int, mark: tuple, instant: bool, on_stopped) -> tuple:
        """mark: procfs.exec_mark."""
        stats = living_threads(pid)
        if not stats:
            raise gdb.error("the target has ended")
        self.stops.longest_us, self.stops.failure = 0, ""
        self._settle()
        if not self._can_read(stats):
            return stats, now_us(), process_sampler.read_kernel_only(pid, stats)
        if self._maps_are_due(mark) and self._update_maps():
            self._clear_caches()
            stats = living_threads(pid)
        if instant:
            self._load_rules()
        self._find_interpreter(stats)
        procfs.read_cpu(pid, stats)
        begun = now_us()
        try:
            samples = process_sampler.take(
                self.target, self.stops, stats, instant,
                (lambda samples: on_stopped(stats, samples)) if on_stopped is not None else None)
        finally:
            self._settle()
        return stats, begun, samples

    def _maps_are_due(self, mark: tuple) -> bool:
        """Must the mappings be read again? Not before each of a thousand samples a second."""
        now = time.monotonic()
        is_due = mark != self.mark or now > self.maps_read + MAPS_S
        if is_due:
            self.mark, self.maps_read = mark, now
        return is_due

    def _settle(self) -> None:
        """Lets threads go that have stopped too late, now or as soon as they do."""
        if not self.stops.settle() and not self.settling:
            self.settling = True
            timer = threading.Timer(SETTLE_S, gdb.post_event, (self._settle_again,))
            timer.daemon = True
            timer.start()

    def _settle_again(self) -> None:
        self.settling = False
        self._settle()

    def _can_read(self, stats: dict) -> bool:
        """May the target's memory and mappings be read? That takes a lock which a thread in state D
        may hold: then the read would last as long as its sleep."""
        if self.probe is not None and self.probe.is_alive():
            return False
        if all(stat.state != "D" for stat in stats.values()):
            return True
        self.probe = threading.Thread(target=procfs.maps_text, args=(self.target.pid,))
        self.probe.daemon = True
        self.probe.start()
        self.probe.join(PROBE_S)
        return not self.probe.is_alive()

    def _is_thread(self, stats: dict):
        """is_thread of interpreter.find_live."""
        tids = procfs.inner_tids(self.target.pid, stats)
        return lambda ident: tid_of(self.target.memory, ident) in tids

    def _find_interpreter(self, stats: dict) -> None:
        """Finds the live interpreter among the mapped ones. What is read while it runs may be
        wrong: a note counts only if it comes again while the running threads are stopped."""
        if self.target.interpreter is not None or not (self.python_files or self.mapped_rubies):
            return
        is_thread = self._is_thread(stats)
        note = self._search_interpreter(is_thread)
        if not note and (self.target.interpreter is not None or not self.mapped_rubies):
            return
        running = [tid for tid, stat in stats.items() if stat.state == "R"]
        try:
            stopped = self.stops.stop(running, process_sampler.LIMIT_S)
            found = [self.stops.registers(tid) for tid in stopped]
            idents = {regs.thread_id for regs in found if regs is not None}
            note = self._search_interpreter(lambda ident: ident in idents or is_thread(ident))
        finally:
            self.stops.release()
        if note:
            self._add_note(note)
            self.python_files, self.mapped_rubies = [], []  # until the mappings change

    def _search_interpreter(self, is_thread):
        """Sets the target's interpreter if a live one is found. Returns a note for pmp's user, or
        None."""
        target, note = self.target, None
        if target.interpreter is None and self.python_files:
            target.python, note = interpreter.find_live(target.memory, self.python_files, is_thread)
        if target.interpreter is None and self.mapped_rubies:
            target.ruby, ruby_note = find_live_ruby(target.memory, self.mapped_rubies, is_thread)
            note = note or ruby_note
        return note

    def _load_rules(self) -> None:
        """Reads the rules of code on the stacks, which are unwound in the stop if all threads are
        stopped together."""
        if self.has_rules:
            return
        self.has_rules = True
        pointers = self.code.pointers_on_stacks(self.target.stack_pointers)
        self.target.unwinder.load_rules(pointers)

    def _update_maps(self) -> bool:
        """Reads the mappings again; True if they have changed. There is no event for new libraries
        without breakpoints, so this is done before each sample."""
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
        self.has_rules = False
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


def now_us() -> int:
    """CLOCK_MONOTONIC in us, as in pmp itself."""
    return int(time.monotonic() * 1e6)


def living_threads(pid: int) -> dict:
    """procfs.thread_stats of the threads that have not ended; empty if the process has."""
    return {tid: stat for tid, stat in procfs.thread_stats(pid).items()
            if stat.state not in procfs.ENDED}


def core_lines(core: Core, mapped: list) -> list:
    """The `maps`, `map` and `process` markers of a core file. mapped: CodeMap.mapped."""
    lines = [marker("maps", pid=core.pid)]
    for start, end, offset, path in mapped:
        lines.append(marker("map", pid=core.pid, start="0x%x" % start, end="0x%x" % end,
                            offset="0x%x" % offset, path=one_line(path)))
    fault = (("fault", "0x%x" % core.fault),) if core.signal in FAULTS else ()
    lines.append(marker("process", ("pid", core.pid), ("ppid", core.ppid), ("name", core.name),
                        ("core", 1), ("signal", core.signal),
                        ("signal_tid", core.tids()[0]), *fault))
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


def fail(verb: str, err: Exception) -> None:
    """Leaves the target running, and writes the `error` line."""
    if AGENT.stops is not None:
        AGENT.stops.release()
    write_lines([marker("error", verb=verb, why="%s" % err or type(err).__name__)])


COMMANDS = ("warm", "sample", "dump", "core")
REFUSAL = ptrace.refusal()
AGENT = Agent(not REFUSAL)


def pmp(verb: str, *args: int) -> None:
    """Runs one command: pmp sends `python pmp("VERB", ...)` to gdb. pmp waits for an answer: any
    exception gives one."""
    if verb not in COMMANDS:
        raise gdb.GdbError("pmp: no such verb: " + verb)
    try:
        getattr(AGENT, verb)(*args)
    except Exception as err:
        fail(verb, err)


ptrace.die_with_parent()
gdb_settings.apply_settings()
sys.modules["__main__"].pmp = pmp
write_lines([marker("hello", ("gdb", gdb.VERSION), ("python", "%d.%d.%d" % sys.version_info[:3]),
                    *((("no_seize", REFUSAL),) if REFUSAL else ()))])
