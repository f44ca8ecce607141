"""Locks of Python's threading, found through the objects in the frames of the waiting threads.

A thread that waits for a `_thread.lock` or an RLock sleeps on a semaphore to which the object
points (3.2 to 3.13: Modules/_threadmodule.c, lockobject, rlockobject; Python/thread_pthread.h). An
RLock records its owner. A lock does not, but a `with` statement keeps the lock's bound `__exit__`
on the value stack of its frame until it ends: a thread with such a frame is a candidate for the
owner.
"""
from pmp_library_objects import SIMPLE_QUEUE, Attributes, is_parked_on
from pmp_memory import BadRead, pointer_at
from pmp_process_locks import ProcessLocks
from pmp_py_objects import MIN_ADDRESS
from pmp_wait_marker import Wait

# Offsets: in both objects, and in multiprocessing's SemLock; in an RLock.
SEMAPHORE, RLOCK_OWNER = 16, 24
LOCKED = b"\0\0\0\0"  # the value of a semaphore (sem_t) whose lock is taken
# Types with such a semaphore. To 3.12 a SimpleQueue has one. 2.7 has thread.lock.
KINDS_OF_TYPES = {
    "_thread.lock": "lock", "thread.lock": "lock", "_thread.RLock": "rlock",
    "_multiprocessing.SemLock": "process_lock", SIMPLE_QUEUE: "queue",
}
FRAMES_MAX = 6  # frames of the library between the program's frame and the wait
HOLDERS_FRAMES_MAX = 20000  # frames that are searched for the owners of locks
OF_PROCESSES = "of multiprocessing"
WITH = "inside a with on it"

# (end of the file's path, last part of the function's name) -> kind. The outermost frame of the
# library decides; KINDS_OF_CLASSES tells more if its `self` has one of these classes.
CONSTRUCTS = {
    ("threading.py", "wait"): "python_condition",
    ("threading.py", "wait_for"): "python_condition",
    ("threading.py", "_enter"): "python_barrier",
    ("threading.py", "_wait"): "python_barrier",
    ("threading.py", "acquire"): "python_semaphore",
    ("threading.py", "join"): "join",
    ("threading.py", "_wait_for_tstate_lock"): "join",
    ("queue.py", "get"): "queue",
    ("queue.py", "put"): "queue",
    ("queue.py", "join"): "queue",
    ("Queue.py", "get"): "queue",
    ("Queue.py", "put"): "queue",
    ("Queue.py", "join"): "queue",
    ("futures/_base.py", "result"): "future",
    ("futures/_base.py", "exception"): "future",
    ("futures/_base.py", "wait"): "future",
    ("futures/_base.py", "as_completed"): "future",
    ("multiprocessing/pool.py", "get"): "future",
    ("multiprocessing/pool.py", "wait"): "future",
    ("multiprocessing/pool.py", "next"): "future",
    ("multiprocessing/queues.py", "put"): "queue",
    ("multiprocessing/synchronize.py", "wait"): "python_condition",
    ("multiprocessing/synchronize.py", "wait_for"): "python_condition",
    ("gevent/_threading.py", "acquire_with_timeout"): "queue",
    ("gevent/_threading.py", "wait"): "queue",
    ("gevent/_threading.py", "get"): "queue",
    ("<frozen importlib._bootstrap>", "acquire"): "import",
}
KINDS_OF_CLASSES = {
    "Event": "event", "_Event": "event", "Barrier": "python_barrier",
    "Semaphore": "python_semaphore", "_Semaphore": "python_semaphore", "_RLock": "rlock",
}
# The end of the interpreter, which waits for all threads that are no daemons.
SHUTDOWN = ("threading.py", "_shutdown")


class Construct:
    """The object of the library that a thread waits in: its kind of CONSTRUCTS, the name of its
    function, its address (0: unknown), and the library's frames, innermost first. The object is the
    `self` of the outermost frame; caller: the key of the function that has called that one."""
    __slots__ = ("kind", "function", "object", "frames", "caller")

    def __init__(self, kind: str, function: str, obj: int, frames: list, caller: tuple) -> None:
        self.kind, self.function, self.object, self.frames = kind, function, obj, frames
        self.caller = caller


class PythonLocks:
    """Finds the waits of threads in one stop."""

    def __init__(self, objects, slots, values, idents: dict, threads: list, parent,
                 pid: int) -> None:
        """Objects, Slots and Values of one interpreter; idents: {pthread_self: tid} of all threads;
        threads: [(tid, attributes)] of threading's Threads that exist, in the order of their start;
        parent: fork_parent.ForkParent, None: unknown; pid: of the process, 0: it does not live."""
        self._objects, self._slots, self._idents = objects, slots, idents
        self._threads, self._attributes = threads, Attributes(objects, values)
        self._parent, self._process = parent, ProcessLocks(objects.memory, pid, idents)
        self.constructs = {}  # tid -> Construct of the waits that find_wait has found

    def find_wait(self, sample):
        """The Wait of a stopped thread that sleeps in one of Python's locks; None if it does not.
        sample: thread_sampler.ThreadSample."""
        frames = [frame for run in sample.runs for frame in run.frames][:FRAMES_MAX + 1]
        if not frames or not sample.futex_word:
            return None
        try:
            lock = self._lock_of(frames[0], sample.futex_word)
            construct = self._find_construct(frames)
        except BadRead:
            return None
        if lock is None and construct is None:
            lock = self._simple_queue_of(frames[0])
        # Condition.wait takes its RLock again after the wait: it waits for the RLock then.
        if construct is None or lock is not None and lock.kind == "rlock":
            return self._wait_of_shutdown(frames[0], sample) or lock
        if lock is None and construct.kind != "join":
            return None
        self.constructs[sample.tid] = construct
        return self._wait_of_construct(construct, sample.futex_word, lock)

    def add_candidates(self, waits: dict, samples: list) -> None:
        """Adds candidates to the waits for locks and semaphores without an owner: the threads
        inside a `with` on it, the thread itself as well. waits: {tid: Wait}, changed in place;
        samples: all threads."""
        wanted = {wait.on for wait in waits.values()
                  if wait.kind in ("lock", "process_lock", "python_semaphore") and not wait.owner}
        if not wanted:
            return
        inside, left = {}, HOLDERS_FRAMES_MAX
        for sample in samples:
            frames = [frame for run in sample.runs for frame in run.frames][:left]
            left -= len(frames)
            for lock in wanted.intersection(self._entered_locks(frames)):
                inside.setdefault(lock, []).append(sample.tid)
        for wait in waits.values():
            if wait.on in inside and wait.on in wanted and not wait.ends:
                wait.candidates, wait.why = inside[wait.on], WITH

    # Parts of these.

    def _lock_of(self, frame, word: int):
        """The Wait for the lock in a frame whose semaphore is at `word`; None."""
        for obj in self._held_objects(frame):
            name = self._objects.type_name(obj)
            kind = KINDS_OF_TYPES.get(name)
            if kind is None:
                continue
            data = self._objects.memory.read(obj, RLOCK_OWNER + 8)
            if pointer_at(data, SEMAPHORE) != word:
                continue
            wait = Wait(kind, obj, word)
            if kind == "rlock":
                self._set_owner(wait, pointer_at(data, RLOCK_OWNER))
            elif kind == "process_lock":
                self._process.describe(wait)
            return wait
        return None

    def _set_owner(self, wait: Wait, ident: int) -> None:
        """Sets the owner of an RLock. ident: the pthread_self that it records, 0: none."""
        wait.owner = self._idents.get(ident, 0)
        if ident and not wait.owner and self._parent is not None:
            wait.gone = self._parent.tid_of(ident)
            wait.gone_pid = self._parent.pid if wait.gone else 0

    def add_inherited(self, waits: dict) -> None:
        """Tells locks without a candidate that the parent of a forked process has locked, too."""
        for wait in waits.values():
            if wait.kind != "lock" or wait.candidates or wait.ends or self._parent is None:
                continue
            try:
                head = self._objects.memory.read(wait.on + 8, SEMAPHORE)  # its type, its semaphore
            except BadRead:
                continue
            same = self._parent.has_same
            if same(wait.on + 8, head) and same(wait.word, LOCKED):
                wait.gone, wait.gone_pid = 0, self._parent.pid

    def _simple_queue_of(self, frame):
        """The Wait for a SimpleQueue on the value stack of a frame (3.13 on); None."""
        for word in self._slots.stack_values(frame.addr):
            obj = self._objects.bound_to(word & ~3) or word & ~3
            is_queue = obj > MIN_ADDRESS and self._objects.type_name(obj) == SIMPLE_QUEUE
            if is_queue and is_parked_on(self._objects, obj):
                return Wait("queue", obj)
        return None

    def _held_objects(self, frame) -> list:
        """[object] in a frame's slots; for a bound method the object that it is bound to."""
        objects = dict.fromkeys(word & ~3 for word in self._slots.slot_values(frame.addr))
        return [self._objects.bound_to(obj) or obj for obj in objects if obj > MIN_ADDRESS]

    def _entered_locks(self, frames: list) -> set:
        """The locks and semaphores of the `with` blocks that a thread is in. A Condition stands for
        its lock, which its `wait` has released."""
        entered, released = set(), set()
        for frame in frames:
            entered.update(self._slots.entered_contexts(frame))
            if code_keys(frame)[0] == ("threading.py", "wait"):
                released.add(self._condition_lock(self._self_of(frame)))
        return {self._inner_lock(obj) or obj for obj in entered} - released

    def _inner_lock(self, obj: int) -> int:
        """The lock of a Condition or of a lock of multiprocessing; 0: it is none."""
        return self._condition_lock(obj) or self._attributes.first(obj, "_semlock")

    def _condition_lock(self, obj: int) -> int:
        """The lock of a threading.Condition; 0: it is none."""
        if not {"Condition", "_Condition"}.intersection(self._objects.class_names(obj)):
            return 0
        return self._attributes.first(obj, "_lock", "_Condition__lock")

    def _self_of(self, frame) -> int:
        try:
            return self._slots.self_of(frame)
        except BadRead:
            return 0

    def _find_construct(self, frames: list):
        """The Construct of the library's frames at the leaf; None if there are none."""
        found = None
        for at, frame in enumerate(frames):
            kind = next((CONSTRUCTS[key] for key in code_keys(frame) if key in CONSTRUCTS), None)
            if kind is None:
                break
            obj = self._slots.self_of(frame)
            for name in self._objects.class_names(obj):
                if name in KINDS_OF_CLASSES:
                    kind = KINDS_OF_CLASSES[name]
            caller = code_keys(frames[at + 1])[1] if at + 1 < len(frames) else ()
            found = Construct(kind, code_keys(frame)[0][1], obj, frames[:at + 1], caller)
        return found

    def _wait_of_construct(self, construct: Construct, word: int, lock) -> Wait:
        wait = Wait(construct.kind, construct.object, word)
        wait.ends = self._is_timed(construct)
        if lock is not None and lock.kind == "process_lock":
            wait.type = OF_PROCESSES
        try:
            if construct.kind == "join":
                wait.owner = self._tid_of_thread(construct.object)
            elif construct.kind == "import":
                wait.owner = self._tid_of(construct.object, "owner")
            elif construct.kind == "rlock":
                wait.owner = self._tid_of(construct.object, "_owner", "_RLock__owner")
        except (BadRead, KeyError):
            pass
        return wait

    def _wait_of_shutdown(self, frame, sample):
        """The join of the interpreter's end: with the thread whose lock it waits for, to 3.12, or
        with the first one; None if the frame is not of this function."""
        if code_keys(frame)[0] != SHUTDOWN:
            return None
        locks = self._held_objects(frame)
        left = [(tid, thread) for tid, thread in self._threads
                if tid != sample.tid and not self._attributes.is_true(thread.get("_daemonic", 0))]
        exact = [tid for tid, thread in left if thread.get("_tstate_lock", 0) in locks]
        wait = Wait("join", 0, sample.futex_word, "at the end of the program")
        wait.owner = (exact or [tid for tid, _ in left] or [0])[0]
        return wait

    def _is_timed(self, construct: Construct) -> bool:
        """Has the innermost frame a timeout?"""
        for name, obj, _ in self._slots.named(construct.frames[0].addr):
            if name == "timeout":
                return self._objects.type_name(obj) != "NoneType"
        return False

    def _tid_of_thread(self, obj: int) -> int:
        """The tid of a threading.Thread, 0 if unknown. 2.7 has a private name for its ident."""
        return self._tid_of(obj, "_ident", "_Thread__ident")

    def _tid_of(self, obj: int, *names) -> int:
        """The tid of the thread whose pthread_self is this attribute of an object, 0 if unknown."""
        return self._idents.get(self._attributes.number(obj, *names), 0) if obj else 0


def code_keys(frame) -> tuple:
    """The keys of CONSTRUCTS for a PyFrame: with the file's name, and with its folder's as well."""
    parts = frame.code.file.split("/")
    name = frame.code.name.rpartition(".")[2]
    return (parts[-1], name), ("/".join(parts[-2:]), name)


def python_threads(objects, values, modules: list, idents: dict) -> list:
    """[(tid, attributes)] of the Threads of threading._active, {pthread_self: Thread}, that exist,
    in the order of their start. modules: [sys.modules object]; idents: {pthread_self: tid}.
    BadRead."""
    found = []
    for module in modules:
        active = objects.module(module, "threading").get("_active", 0)
        for key, thread in objects.dict_items(active) if active else ():
            ident = values.text(key)
            if ident.isdigit() and int(ident) in idents:
                found.append((idents[int(ident)], objects.attributes(thread)))
    return found
