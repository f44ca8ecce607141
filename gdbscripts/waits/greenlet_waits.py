"""What greenlets wait for. gevent's classes are compiled, so a waiting greenlet has no frames in
them; but what it waits for has it in its list of waiters (`_links`, or getters and putters of a
queue): itself, its bound `switch`, or a Waiter with it. So the objects that the greenlet's frames
refer to are searched for one that has it.
"""
import struct

from pmp_asyncio_waits import drop_released
from pmp_memory import BadRead
from pmp_py_objects import MIN_ADDRESS
from pmp_python_locks import CONSTRUCTS
from pmp_task_marker import Task, code_key

FRAMES_MAX = 6  # innermost frames whose objects are searched
WAITERS_MAX = 1000  # of one lock
CONTEXTS_MAX = 100000  # frames that are searched for the holders of locks
# Last part of the name of a type -> what a greenlet waits for.
OF_TYPE = (("Semaphore", "semaphore"), ("LockType", "lock"), ("AsyncResult", "result"),
           ("Event", "event"), ("Queue", "queue"), ("Channel", "queue"), ("Greenlet", "greenlet"))
# (file, function) of the innermost frames -> the same; files that begin with SOCKET: a socket.
OF_FRAME = {
    ("hub.py", "sleep"): "sleep", ("greenthread.py", "sleep"): "sleep",
    ("select.py", "select"): "socket", ("select.py", "poll"): "socket",
    ("os.py", "waitpid"): "child", ("subprocess.py", "wait"): "child",
}
SOCKET = ("_socket", "_ssl", "greenio")
# Kinds of CONSTRUCTS, the classes of threading and queue, which use gevent's locks when patched.
OF_CONSTRUCT = {"python_condition": "condition", "join": "greenlet", "queue": "queue"}
LIBRARY = ("/gevent/", "/eventlet/", "/threading.py", "/queue.py")


class GreenletWaits:
    """Completes the greenlets of one process in one stop."""

    def __init__(self, objects, slots, values, samples: list, now_us: int) -> None:
        """As of asyncio_waits.TaskWaits."""
        self._objects, self._slots, self._values = objects, slots, values
        self._samples, self._now_us = samples, now_us
        self._waiters = {}  # object -> addresses of the greenlets in its lists of waiters
        self._all = frozenset()

    def complete(self, tasks: list, greenlets: list) -> None:
        """Sets waits, on and left_us of [Task] of greenlets. greenlets: addresses of all."""
        self._all = frozenset(greenlets)
        joined = self._joined(greenlets)
        wanted = {}
        for task in tasks:
            if task.is_running:
                continue
            try:
                lock = self._find_wait(task, joined.get(task.addr, []))
            except (BadRead, KeyError):
                continue
            if lock and task.on in ("lock", "semaphore") and not task.waits:
                wanted.setdefault(lock, []).append(task)
        self._add_holders(tasks, wanted)
        addresses = {task.addr for task in tasks}
        for task in tasks:
            task.waits = [addr for addr in task.waits if addr in addresses]
        drop_released(tasks)

    # Parts of this.

    def _find_wait(self, task: Task, joined: list) -> int:
        """Sets waits, on and left_us; returns the object that the greenlet waits for, 0: unknown or
        another greenlet."""
        keys = [code_key(frame) for frame in task.frames[:FRAMES_MAX]]
        task.on = next(filter(None, (_wait_of_frame(*key) for key in keys[:3])), "")
        if task.on == "sleep":
            task.left_us = self._left_us(task.frames[keys.index(("hub.py", "sleep"))]
                                         if ("hub.py", "sleep") in keys else None)
            return 0
        if joined and not task.on:
            task.waits, task.on = joined, "greenlet"
            return 0
        lock = self._find_object(task)
        name = self._objects.type_name(lock) if lock else ""
        task.on = task.on or next((word for ending, word in OF_TYPE if name.endswith(ending)), "")
        self._add_owner(task)
        return lock

    def _joined(self, greenlets: list) -> dict:
        """{greenlet: [greenlets whose end it waits for]}."""
        found = {}
        for addr in greenlets:
            for waiter in self._waiters_of(addr):
                if waiter != addr:
                    found.setdefault(waiter, []).append(addr)
        return found

    def _find_object(self, task: Task) -> int:
        """The first object of its inner frames that has the greenlet among its waiters."""
        seen = set()
        for frame in task.frames[:FRAMES_MAX]:
            words = {word & ~3 for word in self._slots.slot_values(frame.addr)}
            near = words | {self._objects.bound_to(word) for word in words if word > MIN_ADDRESS}
            inner = {value for obj in near for value in self._attributes(obj)}
            for obj in list(near - seen) + list(inner - near - seen):
                if task.addr in self._waiters_of(obj):
                    return obj
            seen |= near | inner
        return 0

    def _attributes(self, obj: int) -> list:
        """[object] of the attributes of an instance; [] for another object. Raises nothing."""
        try:
            if obj <= MIN_ADDRESS or obj % 8 or self._objects.type_name(obj) in ("", "module"):
                return []
            return list(self._objects.attributes(obj).values())
        except (BadRead, KeyError):
            return []

    def _waiters_of(self, obj: int) -> list:
        """The greenlets in the lists and deques that an object of C refers to. Raises nothing."""
        if obj not in self._waiters:
            self._waiters[obj] = self._read_waiters(obj)
        return self._waiters[obj]

    def _read_waiters(self, obj: int) -> list:
        objects, found = self._objects, []
        if obj <= MIN_ADDRESS or obj % 8 or not objects.type_name(obj):
            return []
        try:
            for word in objects.words(obj):
                name = objects.type_name(word) if word > MIN_ADDRESS and word % 8 == 0 else ""
                if name == "list":
                    items = objects.items(word, name, WAITERS_MAX)
                elif name == "collections.deque":
                    items = objects.deque_items(word)[:WAITERS_MAX]
                else:
                    continue
                found += [greenlet for item in items for greenlet in self._greenlets_in(item)]
        except (BadRead, KeyError):
            pass
        return found

    def _greenlets_in(self, item: int) -> list:
        """[greenlet] that an item of a list of waiters wakes."""
        target = self._objects.bound_to(item) or item
        if target in self._all:
            return [target]
        return [word for word in self._objects.words(target) if word in self._all]

    def _add_owner(self, task: Task) -> None:
        """The owner that an RLock stores, and what the classes of threading and queue wait for."""
        for frame in task.frames[:FRAMES_MAX]:
            name = frame.code.file
            if not any(part in name for part in LIBRARY):
                return
            obj, key = self._slots.self_of(frame), code_key(frame)
            if key[1] in ("acquire", "__enter__") and self._objects.type_name(obj) in (
                    "RLock", "_RLock"):
                task.on, task.waits = "rlock", self._owner_of(obj)
            elif key in CONSTRUCTS:
                task.on = OF_CONSTRUCT.get(CONSTRUCTS[key], task.on)
                if self._objects.type_name(obj) == "Event":
                    task.on = "event"
                if key[1] == "join":
                    ident = self._objects.attributes(obj).get("_ident", 0)
                    task.waits = self._greenlets_of((ident,))

    def _owner_of(self, lock: int) -> list:
        """[greenlet] that has an RLock: gevent's stores it, threading's its id."""
        return self._greenlets_of(self._objects.words(lock)) or self._greenlets_of(
            (self._objects.attributes(lock).get("_owner", 0),))

    def _greenlets_of(self, words) -> list:
        """[greenlet] of words that are greenlets, or their ids: their addresses as numbers."""
        found = []
        for word in words:
            if word in self._all:
                found.append(word)
            elif word > MIN_ADDRESS and self._objects.type_name(word) == "int":
                text = self._values.text(word)
                found += [int(text)] if text.isdigit() and int(text) in self._all else []
        return found[:1]

    def _add_holders(self, tasks: list, wanted: dict) -> None:
        """Adds the greenlets that are inside of a `with` on a lock to those that wait for it."""
        left = CONTEXTS_MAX if wanted else 0
        for task in tasks:
            for frame in task.frames[:left]:
                for lock in self._slots.entered_contexts(frame):
                    for inner in [lock] + self._attributes(lock):
                        for waiting in wanted.get(inner, ()):
                            if task.addr not in waiting.waits:
                                waiting.waits.append(task.addr)
            left = max(0, left - len(task.frames))

    def _left_us(self, frame):
        """The time until a sleep ends, None if unknown: libev's timer holds that moment, a double,
        on CLOCK_MONOTONIC (ev_timer.at, ev.h)."""
        variables = {name: obj for name, obj, _ in self._slots.named(frame.addr)} if frame else {}
        try:
            limit = float(self._values.text(variables.get("seconds", 0)))
            words = self._objects.words(variables["t"])
        except (BadRead, KeyError, ValueError):
            return None
        now = self._now_us / 1e6
        moments = [moment for moment in struct.unpack("<%dd" % len(words),
                                                      struct.pack("<%dQ" % len(words), *words))
                   if now - 1 < moment <= now + limit + 1]
        return max(0, int((moments[0] - now) * 1e6)) if self._now_us and moments else None


def _wait_of_frame(file: str, function: str) -> str:
    """What a frame of gevent or eventlet waits for; "" if that is unknown."""
    if file.startswith(SOCKET):
        return "client" if function == "accept" else "socket"
    return OF_FRAME.get((file, function), "")
