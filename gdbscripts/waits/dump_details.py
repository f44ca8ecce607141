"""The data of `pmp dump` beyond the stacks: waits and lock owners, locals, names of threads,
asyncio tasks.

All of it is read while every thread is stopped, so that it belongs to one instant; it is written
when the threads run again.
"""
import time

import pmp_gil as gil
import pmp_procfs as procfs
from pmp_asyncio_tasks import AsyncioTasks
from pmp_fork_parent import ForkParent
from pmp_greenlets import Greenlets
from pmp_markers import marker, one_line
from pmp_memory import BadRead
from pmp_pthread_locks import FutexMemory, find_wait
from pmp_py_objects import Objects, Slots
from pmp_py_values import Values
from pmp_python_locks import PythonLocks, python_threads
from pmp_python_waits import PythonWaits
from pmp_ruby_locks import RubyLocks
from pmp_ruby_vm import HOLDS as RUBY_HOLDS
from pmp_value_layouts import VALUES
from pmp_wait_marker import Wait

FRAMES_MAX, LOCALS_MAX = 200, 50  # frames of a thread with locals; locals of a frame
NAMES_MAX = 12  # native frames whose names are used to classify a wait


class Details:
    """The details of one dump."""

    def __init__(self, target, samples: list, stats: dict, want_locals: bool) -> None:
        """target: thread_sampler.Target; samples: [ThreadSample] of all its threads; stats:
        procfs.thread_stats."""
        self._target, self._samples, self._stats = target, samples, stats
        self._want_locals = want_locals
        self._futexes = {}  # tid -> FutexMemory
        self._waits = {}  # tid -> Wait, for Python's locks
        self._locals = {}  # tid -> lines
        self._names = {}  # tid -> name of the Python thread
        self._runtime = []  # pairs of the `runtime` marker
        self._tasks = []  # [Task]
        self._now_us = int(time.monotonic() * 1e6) if target.is_live else 0
        self._parent = None  # ForkParent, once it is asked for
        self._unread = {}  # what could not be read -> why
        # tid in the target's pid namespace -> tid here
        self._tids = ({tid: tid for tid in stats} if not target.is_live
                      else procfs.inner_tids(target.pid, stats))

    def read(self) -> None:
        """Reads all details. All threads must be stopped."""
        memory = self._target.memory
        for sample in self._samples:
            if sample.futex_word:
                self._futexes[sample.tid] = FutexMemory(memory, sample.futex_word)
        python = self._target.python
        if self._target.runtime is not None:
            self._runtime = self._target.runtime.pairs(memory)
        if self._target.ruby is not None:
            self._read_ruby(memory)
        if python is None:
            return
        values = VALUES.get(python.minor())
        if values is None:
            why = "they are not known of Python %s" % python.version
            self._unread["Python's locks, locals and tasks"] = why
            return
        objects = Objects(memory, python.layout, python.with_own_offsets(values))
        for what, read in (("Python's locks", self._read_locks), ("locals", self._read_locals),
                           ("names of threads", self._read_names),
                           ("asyncio's tasks", self._read_tasks),
                           ("greenlets", self._read_greenlets)):
            try:
                read(python, objects)
            except (BadRead, KeyError) as err:
                self._unread[what] = "%s" % err

    def name(self, sample) -> str:
        """The name of the Python thread, "" if it has none."""
        return self._names.get(sample.tid, "")

    def lines_of(self, sample, names) -> list:
        """The lines to write after the thread's header: its wait and its locals. names(frame): as
        Symbolizer.names."""
        wait = self._wait_of(sample, names)
        return ([wait.line()] if wait is not None else []) + self._locals.get(sample.tid, [])

    def lines(self) -> list:
        """The lines to write after all threads."""
        lines = [marker("gil", pid=self._target.pid, tid=sample.tid) for sample in self._samples
                 if sample.activity in (gil.HOLDS, gil.COLLECTS, RUBY_HOLDS)]
        if self._runtime:
            lines.append(marker("runtime", ("pid", self._target.pid), *self._runtime))
        lines += [line for task in self._tasks for line in task.lines()]
        if not self._target.is_live:
            self._unread["what the kernel says of it"] = "a core file has nothing of /proc"
        return lines + [marker("unread", what=what, why=one_line(why))
                        for what, why in self._unread.items()]

    # Parts of these.

    def _wait_of(self, sample, names):
        """The Wait of a thread, None if it is in no known lock and not in futex(2)."""
        if sample.activity == gil.WAITS:
            return Wait("gil", word=sample.futex_word)
        if sample.tid in self._waits:
            return self._waits[sample.tid]
        if sample.tid not in self._futexes or sample.stack is None:
            return None
        functions = [name.partition(" (")[0]
                     for frame in sample.stack.frames[:NAMES_MAX] for name in names(frame)]
        wait = find_wait(self._futexes[sample.tid], functions, self._tids, self._idents())
        if wait.gone and self._fork_parent() and self._parent.has_thread(wait.gone):
            wait.gone_pid = self._parent.pid
        return wait

    def _fork_parent(self):
        """The ForkParent of a live process, None for a core file."""
        if self._parent is None and self._target.is_live:
            self._parent = ForkParent(self._target.pid)
        return self._parent

    def _read_ruby(self, memory) -> None:
        locks = RubyLocks(self._target.ruby, memory, self._samples)
        found = ((sample.tid, locks.find_wait(sample)) for sample in self._samples)
        self._waits = {tid: wait for tid, wait in found if wait is not None}

    def _idents(self) -> dict:
        """{pthread_self: tid} of the threads that exist."""
        return {ident: tid for (tid, began), ident in self._target.idents.items()
                if tid in self._stats and self._stats[tid].began == began}

    def _read_locks(self, python, objects) -> None:
        modules = python.modules(self._target.memory, objects.values)
        slots, values, idents = Slots(objects), Values(objects), self._idents()
        threads = python_threads(objects, values, modules, idents)
        parent = self._fork_parent() if len(idents) == len(self._stats) else None
        locks = PythonLocks(objects, slots, values, idents, threads, parent,
                            self._target.pid if self._target.is_live else 0)
        for sample in self._samples:
            wait = locks.find_wait(sample)
            if wait is not None:
                futex = self._futexes.get(sample.tid)
                # Somebody has posted the semaphore: the thread will run.
                wait.ends = wait.ends or futex is not None and futex.number(0) > 0
                self._waits[sample.tid] = wait
        locks.add_candidates(self._waits, self._samples)
        locks.add_inherited(self._waits)
        PythonWaits(objects, slots, values, modules).add(self._waits, locks.constructs,
                                                         self._samples)

    def _read_locals(self, _python, objects) -> None:
        slots, values = Slots(objects), Values(objects)
        for sample in self._samples if self._want_locals else ():
            frames = [frame for run in sample.runs for frame in run.frames]
            lines = self._locals[sample.tid] = []
            for number, frame in enumerate(frames[:FRAMES_MAX]):
                try:
                    found = slots.named(frame.addr)[:LOCALS_MAX]
                except BadRead:
                    continue
                for name, obj, argument in found:
                    more = (("argument", 1),) if argument else ()
                    lines.append(marker("local", ("frame", number), ("name", one_line(name)),
                                        ("value", one_line(values.text(obj))), *more))

    def _read_names(self, python, objects) -> None:
        modules = python.modules(self._target.memory, objects.values)
        for tid, attributes in python_threads(objects, Values(objects), modules, self._idents()):
            name = attributes.get("_name", attributes.get("_Thread__name", 0))  # 2.7
            if name:
                self._names[tid] = objects.text(name)

    def _read_tasks(self, python, objects) -> None:
        if python.minor() < (3, 8):
            return
        reader = AsyncioTasks(objects, Slots(objects), Values(objects), python.frames)
        for modules in python.modules(self._target.memory, objects.values):
            self._tasks += reader.read(modules, self._samples, self._now_us)

    def _read_greenlets(self, python, objects) -> None:
        if python.minor() < (3, 8):
            return
        reader = Greenlets(objects, Slots(objects), Values(objects), python)
        for modules in python.modules(self._target.memory, objects.values)[:1]:
            self._tasks += reader.read(modules, self._samples, self._now_us)
        if not reader.is_complete:
            self._unread["some greenlets"] = "too many objects for the time of a stop"
