"""Locks of Python's threading, found through the objects in the frames of the waiting threads.

A thread that waits for a `_thread.lock` or an RLock sleeps on a semaphore to which the object
points (3.2 to 3.13: Modules/_threadmodule.c, lockobject, rlockobject; Python/thread_pthread.h). An
RLock records its owner. A lock does not, but a `with` statement keeps the lock's bound `__exit__`
on the value stack of its frame until it ends: a thread with such a frame is a candidate for the
owner.
"""
from pmp_memory import BadRead, pointer_at
from pmp_py_objects import MIN_ADDRESS
from pmp_wait_marker import Wait

SEMAPHORE, RLOCK_OWNER = 16, 24  # offsets: in both objects; in an RLock
LOCK, RLOCK = ("_thread.lock", "thread.lock"), ("_thread.RLock",)  # 2.7 has thread.lock
FRAMES_MAX = 4  # frames of the library between the program's frame and the wait
HOLDERS_FRAMES_MAX = 20000  # frames that are searched for the owners of locks
WITH = "inside a with on it"

# (base name of the file, last part of the function's name) -> kind. The outermost frame of the
# library decides.
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
    """The object of the library that a thread waits in: its kind of CONSTRUCTS or "event", and its
    address (0: unknown)."""
    __slots__ = ("kind", "object")

    def __init__(self, kind: str, obj: int) -> None:
        self.kind, self.object = kind, obj


class PythonLocks:
    """Finds the waits of threads in one stop."""

    def __init__(self, objects, slots, values, idents: dict) -> None:
        """Objects, Slots and Values of one interpreter; idents: {pthread_self: tid}."""
        self._objects, self._slots, self._values, self._idents = objects, slots, values, idents

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
        if construct is not None and (lock is not None or construct.kind == "join"):
            return self._wait_of_construct(construct, sample.futex_word)
        return lock

    def add_candidates(self, waits: dict, samples: list) -> None:
        """Adds candidates to the waits for locks without an owner: the threads inside a `with` on
        that lock. waits: {tid: Wait}, changed in place; samples: all threads."""
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

    # Parts of these.

    def _lock_of(self, frame, word: int):
        """The Wait for the lock in a frame whose semaphore is at `word`; None."""
        for obj in self._held_objects(frame):
            name = self._objects.type_name(obj)
            if name not in LOCK and name not in RLOCK:
                continue
            data = self._objects.memory.read(obj, RLOCK_OWNER + 8)
            if pointer_at(data, SEMAPHORE) != word:
                continue
            if name in LOCK:
                return Wait("lock", obj, word)
            owner = self._idents.get(pointer_at(data, RLOCK_OWNER), 0)
            return Wait("rlock", obj, word, owner=owner)
        return None

    def _held_objects(self, frame) -> list:
        """[object] in a frame's slots; for a bound method the object that it is bound to."""
        objects = dict.fromkeys(word & ~3 for word in self._slots.slot_values(frame.addr))
        return [self._objects.bound_to(obj) or obj for obj in objects if obj > MIN_ADDRESS]

    def _find_construct(self, frames: list):
        """The Construct of the library's frames at the leaf; None if there are none."""
        found, waits = None, 0
        for frame in frames:
            file, name = frame.code.file.rpartition("/")[2], frame.code.name.rpartition(".")[2]
            kind = CONSTRUCTS.get((file, name))
            if kind is None:
                break
            waits += (file, name) == ("threading.py", "wait")
            # Event.wait calls Condition.wait, in the same file.
            found = Construct("event" if waits == 2 else kind, self._slots.self_of(frame))
        return found

    def _wait_of_construct(self, construct: Construct, word: int) -> Wait:
        wait = Wait(construct.kind, construct.object, word)
        try:
            if construct.kind == "join":
                wait.owner = self._tid_of_thread(construct.object)
            elif construct.kind == "import":
                attributes = self._objects.attributes(construct.object)
                wait.owner = self._tid_of_ident(attributes.get("owner", 0))
        except (BadRead, KeyError):
            pass
        return wait

    def _tid_of_thread(self, obj: int) -> int:
        """The tid of a threading.Thread, 0 if unknown. 2.7 has a private name for its ident."""
        attributes = self._objects.attributes(obj) if obj else {}
        return self._tid_of_ident(attributes.get("_ident", attributes.get("_Thread__ident", 0)))

    def _tid_of_ident(self, number: int) -> int:
        """The tid of an int object with a pthread_self, 0 if unknown."""
        text = self._values.text(number) if number else ""
        return self._idents.get(int(text), 0) if text.isdigit() else 0
