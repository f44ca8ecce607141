"""What `pmp dump` asks beyond the stacks: what each thread waits for and who holds it, locals, asyncio's tasks.

All of it is read while every thread is stopped, so that it's of one instant, and written when they run on.
"""
import pmp_gil as gil
import pmp_procfs as procfs
from pmp_asyncio_tasks import AsyncioTasks, running_loops
from pmp_markers import marker, one_line
from pmp_memory import BadRead
from pmp_pthread_locks import FutexMemory
from pmp_pthread_locks import find as find_pthread
from pmp_py_objects import Objects, Slots
from pmp_py_values import Values
from pmp_python_locks import PythonLocks
from pmp_value_layouts import VALUES
from pmp_wait_marker import Wait

FRAMES_MAX, LOCALS_MAX = 200, 50  # with locals of a thread; locals of a frame
NAMES_MAX = 12  # native frames whose names tell what a thread waits for


class Details:
    def __init__(self, target, samples: list, seen: dict, want_locals: bool) -> None:
        """target: look.Target; samples: its ThreadSamples, seen: procfs.thread_stats."""
        self._target, self._samples, self._seen, self._want_locals = target, samples, seen, want_locals
        self._futexes = {}  # thread id -> FutexMemory
        self._waits = {}  # thread id -> Wait, of Python's locks
        self._locals = {}  # thread id -> lines
        self._names = {}  # thread id -> what Python calls it
        self._tasks = []
        self._asyncio = self._loops = None
        self._unread = {}  # what -> why
        self._tids = _inner_tids(target.pid, seen) if target.is_live else {tid: tid for tid in seen}

    def read(self) -> None:
        """While all threads are stopped."""
        memory = self._target.memory
        for sample in self._samples:
            if sample.futex_word:
                self._futexes[sample.tid] = FutexMemory(memory, sample.futex_word)
        python = self._target.python
        if python is None:
            return
        values = VALUES.get(python.minor())
        if values is None:
            self._unread["Python's locks, locals and tasks"] = "they are not known of Python %s" % python.version
            return
        objects = Objects(memory, python.layout, python.with_own_offsets(values))
        for what, read in (("Python's locks", self._read_locks), ("locals", self._read_locals),
                           ("names of threads", self._read_names), ("asyncio's tasks", self._read_tasks)):
            try:
                read(python, objects)
            except (BadRead, KeyError) as err:
                self._unread[what] = "%s" % err

    def name(self, sample) -> str:
        """What Python calls the thread, "" if nothing."""
        return self._names.get(sample.tid, "")

    def lines_of(self, sample, names) -> list:
        """Behind the thread's header. names(frame): as bt has those of the functions there."""
        wait = self._wait_of(sample, names)
        return ([wait.line()] if wait is not None else []) + self._locals.get(sample.tid, [])

    def lines(self) -> list:
        """Behind all threads."""
        lines = [marker("gil", pid=self._target.pid, tid=sample.tid) for sample in self._samples
                 if sample.activity in (gil.HOLDS, gil.COLLECTS)]
        if self._tasks:
            lines += self._asyncio.lines(self._tasks, self._loops)
        if not self._target.is_live:
            self._unread["what the kernel says of it"] = "a core file has nothing of /proc"
        return lines + [marker("unread", what=what, why=one_line(why)) for what, why in self._unread.items()]

    # Their parts.

    def _wait_of(self, sample, names):
        if sample.activity == gil.WAITS:
            return Wait("gil", word=sample.futex_word)
        if sample.tid in self._waits:
            return self._waits[sample.tid]
        if sample.tid not in self._futexes or sample.stack is None:
            return None
        functions = [name.partition(" (")[0] for frame in sample.stack.frames[:NAMES_MAX] for name in names(frame)]
        return find_pthread(self._futexes[sample.tid], functions, self._tids)

    def _idents(self) -> dict:
        return {ident: tid for (tid, began), ident in self._target.idents.items()
                if tid in self._seen and self._seen[tid].began == began}

    def _read_locks(self, _python, objects) -> None:
        locks = PythonLocks(objects, Slots(objects), Values(objects), self._idents())
        for sample in self._samples:
            wait = locks.find(sample)
            if wait is not None:
                self._waits[sample.tid] = wait
        locks.add_candidates(self._waits, self._samples)

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
        """threading._active: pthread_self -> Thread."""
        values, idents = Values(objects), self._idents()
        for modules in python.modules(self._target.memory, objects.values):
            active = objects.module(modules, "threading").get("_active", 0)
            for key, thread in objects.dict_items(active) if active else ():
                own, ident = objects.attributes(thread), values.text(key)
                name = own.get("_name", own.get("_Thread__name", 0))
                if name and ident.isdigit() and int(ident) in idents:
                    self._names[idents[int(ident)]] = objects.text(name)

    def _read_tasks(self, python, objects) -> None:
        if python.minor() < (3, 8):
            return
        self._asyncio = AsyncioTasks(objects, Slots(objects), Values(objects), python.frames)
        for modules in python.modules(self._target.memory, objects.values):
            self._tasks += self._asyncio.read(modules)
        self._loops = running_loops(Slots(objects), self._samples) if self._tasks else {}


def _inner_tids(pid: int, seen: dict) -> dict:
    """The process's own number of each thread -> ours."""
    if procfs.same_namespace(pid, "pid"):
        return {tid: tid for tid in seen}
    return {procfs.innermost_tid(pid, tid): tid for tid in seen}
