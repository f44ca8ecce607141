"""Locks of Python's threading, by the objects that the frames which wait for them hold.

A thread that waits in `_thread.lock` or RLock sleeps on a semaphore that the object points to (3.2 to 3.13:
Modules/_threadmodule.c, lockobject, rlockobject; Python/thread_pthread.h). An RLock records its owner. A lock does not: but
a `with` keeps the lock's bound `__exit__` on its frame's value stack till it ends, and so do frames that are inside it.
"""
from pmp_memory import BadRead, pointer_at
from pmp_wait_marker import Wait

SEMAPHORE, RLOCK_OWNER = 16, 24  # of both objects; of an RLock
LOCK, RLOCK = ("_thread.lock", "thread.lock"), ("_thread.RLock",)  # 2.7 has thread.lock
FRAMES_MAX = 4  # of the library, between the program's own and the wait
HOLDERS_FRAMES_MAX = 20000  # looked at for who may hold a lock
WITH = "inside a with on it"

# (end of the file's name, last part of the function's) -> kind; the outermost of the library's own frames tells.
CONSTRUCTS = {
    ("threading.py", "wait"): "python_condition",
    ("threading.py", "wait_for"): "python_condition",
    ("threading.py", "join"): "join",
    ("threading.py", "_wait_for_tstate_lock"): "join",
    ("queue.py", "get"): "queue",
    ("queue.py", "put"): "queue",
    ("queue.py", "join"): "queue",
    ("Queue.py", "get"): "queue",
    ("Queue.py", "put"): "queue",
    ("<frozen importlib._bootstrap>", "acquire"): "import",
}


class Construct:
    """What the library's frames say: kind, and the object that they are methods of (0: not known)."""
    __slots__ = ("kind", "object")

    def __init__(self, kind: str, obj: int) -> None:
        self.kind, self.object = kind, obj


class PythonLocks:
    def __init__(self, objects, slots, values, idents: dict) -> None:
        """Of py_objects and py_values; idents: pthread_self -> thread id."""
        self._objects, self._slots, self._values, self._idents = objects, slots, values, idents

    def find(self, sample):
        """The Wait of a thread that sleeps in one of Python's locks, while it's stopped; None: it does not."""
        frames = [frame for run in sample.runs for frame in run.frames][:FRAMES_MAX + 1]
        if not frames or not sample.futex_word:
            return None
        try:
            lock = self._lock_of(frames[0], sample.futex_word)
            construct = self._construct(frames)
        except BadRead:
            return None
        if construct is not None and (lock is not None or construct.kind == "join"):
            return self._of_construct(construct, sample.futex_word)
        return lock

    def add_candidates(self, waits: dict, samples: list) -> None:
        """waits: thread id -> Wait. Those of locks that record no owner get the threads that are inside a `with` on them."""
        wanted = {wait.on for wait in waits.values() if wait.kind == "lock"}
        if not wanted:
            return
        inside, left = {}, HOLDERS_FRAMES_MAX
        for sample in samples:
            for run in sample.runs:
                for frame in run.frames[:left]:
                    for lock in wanted.intersection(self._slots.entered_contexts(frame)):
                        if sample.tid not in inside.setdefault(lock, []):
                            inside[lock].append(sample.tid)
                left -= len(run.frames)
        for tid, wait in waits.items():
            if wait.kind == "lock":
                wait.candidates = [other for other in inside.get(wait.on, ()) if other != tid]
                wait.why = WITH

    # Their parts.

    def _lock_of(self, frame, word: int):
        for obj in self._held_objects(frame):
            name = self._objects.type_name(obj)
            if name not in LOCK and name not in RLOCK:
                continue
            data = self._objects.memory.read(obj, RLOCK_OWNER + 8)
            if pointer_at(data, SEMAPHORE) != word:
                continue
            if name in LOCK:
                return Wait("lock", obj, word)
            return Wait("rlock", obj, word, owner=self._idents.get(pointer_at(data, RLOCK_OWNER), 0))
        return None

    def _held_objects(self, frame) -> list:
        """The objects that a frame holds, and those whose bound methods it holds."""
        objects = dict.fromkeys(word & ~3 for word in self._slots.slot_values(frame.addr))
        return [self._objects.bound_to(obj) or obj for obj in objects if obj > 4096]

    def _construct(self, frames: list):
        found, waits = None, 0
        for frame in frames:
            file, name = frame.code.file.rpartition("/")[2], frame.code.name.rpartition(".")[2]
            kind = CONSTRUCTS.get((file, name))
            if kind is None:
                break
            waits += (file, name) == ("threading.py", "wait")
            # Event.wait is a Condition.wait's caller.
            found = Construct("event" if waits == 2 else kind, self._slots.self_of(frame))
        return found

    def _of_construct(self, construct: Construct, word: int) -> Wait:
        wait = Wait(construct.kind, construct.object, word)
        try:
            if construct.kind == "join":
                wait.owner = self._thread_of(construct.object)
            elif construct.kind == "import":
                wait.owner = self._ident_of(self._objects.attributes(construct.object).get("owner", 0))
        except (BadRead, KeyError):
            pass
        return wait

    def _thread_of(self, obj: int) -> int:
        """Of a threading.Thread; 2.7 has it under its private name."""
        attributes = self._objects.attributes(obj) if obj else {}
        return self._ident_of(attributes.get("_ident", attributes.get("_Thread__ident", 0)))

    def _ident_of(self, number: int) -> int:
        text = self._values.text(number) if number else ""
        return self._idents.get(int(text), 0) if text.isdigit() else 0
