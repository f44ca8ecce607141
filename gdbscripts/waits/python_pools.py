"""The pools of Python's library: which worker runs the item of a future, and whether any worker is
left that could.

A thread of a ThreadPoolExecutor runs `_worker` (Lib/concurrent/futures/thread.py, 3.6 to 3.14): its
local `work_queue` has the items that no worker has begun, its local `work_item` is the one that it
runs. multiprocessing.Pool (Lib/multiprocessing/pool.py) replaces a worker that dies, but nobody
does its item again.
"""
from pmp_memory import BadRead
from pmp_python_locks import code_keys
from pmp_wait_marker import Wait

WORKER = ("futures/thread.py", "_worker")
# (key of a frame, name of a local) -> where a ProcessPoolExecutor has its items: in 3.6 to 3.8 the
# local `pending_work_items`, later an attribute of `self`.
MANAGERS = (("futures/process.py", "_queue_management_worker"), ("futures/process.py", "run"))
# Functions of threads that the library starts for itself, and that wait when there is no work.
HELPERS = (("multiprocessing/pool.py", "_handle_results"),
           ("multiprocessing/pool.py", "_handle_workers"),
           ("multiprocessing/pool.py", "_handle_tasks"), ("multiprocessing/queues.py", "_feed"))
HELPER_FRAMES_MAX = 8
NO_WORK = "a thread of a pool without work"
UNFINISHED = ("PENDING", "RUNNING")  # Future._state
# The locals of as_completed and wait in concurrent/futures/_base.py with the futures that are left.
GROUPS = ("pending", "not_done", "fs")
FUTURES_MAX, WORKERS_MAX, SHOWN_MAX = 1000, 1000, 8
RUNS_IT, OF_POOL = "worker that runs it", "worker of its pool"


class ThreadPool:
    """workers: [tid]; running: {future: tid}; queue: the queue of its items."""

    def __init__(self, queue: int) -> None:
        self.queue, self.workers, self.running = queue, [], {}


class PythonPools:
    """Finds who works on a future, in one stop."""

    def __init__(self, objects, slots, attributes, library) -> None:
        """Objects and Slots of one interpreter, library_objects.Attributes, LibraryObjects."""
        self._objects, self._slots, self._attributes = objects, slots, attributes
        self._library, self._pools, self._processes = library, {}, {}

    def read(self, samples: list) -> None:
        """Finds the pools of the threads."""
        for sample in samples:
            for run in sample.runs:
                for frame in run.frames:
                    try:
                        self._read_frame(frame, sample.tid)
                    except BadRead:
                        pass

    def is_idle(self, wait, construct) -> bool:
        """Does this worker of a pool, or helper of a queue, wait for its next item? construct:
        python_locks.Construct, None: unknown."""
        if wait.kind == "queue" and wait.on in self._pools:
            return True
        return construct is not None and construct.caller in HELPERS

    def add_helpers(self, waits: dict, samples: list) -> None:
        """Adds the waits of a multiprocessing pool's own threads, which sleep in read, poll or a
        sleep. waits: {tid: Wait}."""
        for sample in samples:
            frames = [frame for run in sample.runs for frame in run.frames][:HELPER_FRAMES_MAX]
            if sample.tid not in waits and any(code_keys(frame)[1] in HELPERS for frame in frames):
                waits[sample.tid] = Wait("future", type_=NO_WORK)

    def describe(self, wait, construct) -> None:
        """Sets type, owner and candidates of a Wait for a future. construct:
        python_locks.Construct. BadRead."""
        if code_keys(construct.frames[-1])[1][0] == "multiprocessing/pool.py":
            wait.type = self._multiprocessing_text(construct.object)
            return
        futures, total = self._futures(construct)
        left = [obj for obj in futures if self._attributes.text(obj, "_state") in UNFINISHED]
        running = [pool.running[obj] for obj in left for pool in self._pools.values()
                   if obj in pool.running]
        pools = [pool for pool in self._pools.values() if self._waiting(pool, left)]
        workers = [tid for pool in pools for tid in pool.workers]
        if len(running) == 1 and not workers:
            wait.owner = running[0]
        else:
            wait.candidates = list(dict.fromkeys(running + workers))[:WORKERS_MAX]
            wait.why = OF_POOL if workers else RUNS_IT
        wait.type = self._text(left, total, running, pools)

    # Parts of these.

    def _read_frame(self, frame, tid: int) -> None:
        key = code_keys(frame)[1]
        if key == WORKER:
            values = {name: obj for name, obj, _ in self._slots.named(frame.addr)}
            queue = values.get("work_queue", 0)
            pool = self._pools.setdefault(queue, ThreadPool(queue))
            pool.workers.append(tid)
            future = self._attributes.first(values.get("work_item", 0), "future")
            if future:
                pool.running[future] = tid
        elif key in MANAGERS:
            self._read_manager(frame)

    def _read_manager(self, frame) -> None:
        """Stores {future: number of processes} of a ProcessPoolExecutor."""
        values = {name: obj for name, obj, _ in self._slots.named(frame.addr)}
        own = self._attributes.all(values.get("self", 0))
        items = values.get("pending_work_items", own.get("pending_work_items", 0))
        processes = values.get("processes", own.get("processes", 0))
        pids = [self._attributes.int_of(pid) for pid, _ in self._dict_items(processes)]
        for _, item in self._dict_items(items):
            self._processes[self._attributes.first(item, "future")] = pids

    def _dict_items(self, obj: int) -> list:
        return self._objects.dict_items(obj) if self._objects.type_name(obj) == "dict" else []

    def _futures(self, construct) -> tuple:
        """([future] that a thread waits for, number of all that it was given)."""
        if construct.object:
            return [construct.object], 1
        values = {name: obj for name, obj, _ in self._slots.named(construct.frames[-1].addr)}
        groups = [self._members(values[name]) for name in GROUPS if name in values]
        futures = [obj for group in groups for obj in group]
        return list(dict.fromkeys(futures))[:FUTURES_MAX], max(map(len, groups), default=0)

    def _members(self, group: int) -> list:
        name = self._objects.type_name(group)
        if name in ("list", "tuple"):
            return self._objects.items(group, name)
        return self._objects.set_items(group) if name in ("set", "frozenset") else []

    def _waiting(self, pool: ThreadPool, futures: list) -> bool:
        """Has a pool one of these futures in its queue?"""
        try:
            items = self._library.queue_items(pool.queue)
        except BadRead:
            return False
        return any(self._attributes.first(item, "future") in futures for item in items)

    def _text(self, left: list, total: int, running: list, pools: list) -> str:
        words = ["%d of %d are not done" % (len(left), total)] if total > 1 else []
        if pools:
            workers = sum(len(pool.workers) for pool in pools)
            words.append("no worker of its pool of %d has begun it" % workers)
        elif running and total == 1:
            words.append("of a thread pool")
        elif left and left[0] in self._processes:
            pids = [pid for pid in self._processes[left[0]] if pid]
            words.append("of a process pool: %s" % _listed(pids))
        elif left and not running:
            words.append("%s, in no pool of this process"
                         % self._attributes.text(left[0], "_state").lower())
        return ", ".join(words)

    def _multiprocessing_text(self, result: int) -> str:
        """Of an ApplyResult, MapResult or IMapIterator. From 3.8 on it has its pool."""
        name = (self._objects.class_names(result) or [""])[0]
        words = ["%s of a multiprocessing pool" % name]
        left = self._attributes.number(result, "_number_left")
        if left:
            words.append("missing chunks: %d" % left)
        pool = self._attributes.first(result, "_pool")
        processes = self._members(self._attributes.first(pool, "_pool"))
        pids = [self._attributes.number(self._attributes.first(process, "_popen"), "pid")
                for process in processes]
        if any(pids):
            words.append("its processes are %s" % _listed(pid for pid in pids if pid))
        return ", ".join(words + self._replaced(pool, processes))

    def _replaced(self, pool: int, processes: list) -> list:
        """[what the numbers of a Pool's processes tell]. A pool with maxtasksperchild has new ones
        without any fault."""
        if self._attributes.number(pool, "_maxtasksperchild") is not None:
            return []
        names = [self._members(self._attributes.first(process, "_identity"))
                 for process in processes]
        numbers = sorted(self._attributes.int_of(name[-1]) or 0 for name in names if name)
        if not numbers or numbers[-1] == len(numbers):
            return []
        missing = set(range(numbers[0], numbers[-1])).difference(numbers)
        if missing:
            return ["worker %s of it has ended and was replaced" % _listed(sorted(missing))]
        return ["they are its workers %s: earlier ones may have ended" % _listed(numbers)]


def _listed(numbers) -> str:
    """"1, 2, 3", the first SHOWN_MAX."""
    return ", ".join("%d" % number for number in list(numbers)[:SHOWN_MAX])
