"""What asyncio's tasks wait for: other tasks, locks and their holders, threads, a moment.

Neither a lock nor a semaphore of asyncio records who holds it, but `async with` keeps its bound
`__aexit__` on the value stack of its frame until it ends.
"""
from pmp_memory import BadRead
from pmp_task_marker import Task, code_key

# (file, last part of the name) of the innermost coroutine -> what it awaits.
AWAITED = {
    ("locks.py", "acquire"): "lock", ("locks.py", "wait"): "event", ("queues.py", "get"): "queue",
    ("queues.py", "put"): "queue", ("queues.py", "join"): "queue", ("tasks.py", "sleep"): "sleep",
    ("streams.py", "_wait_for_data"): "stream", ("streams.py", "drain"): "stream",
    ("streams.py", "_drain_helper"): "stream",
    ("base_events.py", "serve_forever"): "client", ("base_events.py", "sock_accept"): "client",
    ("base_subprocess.py", "_wait"): "child", ("locks.py", "_block"): "barrier",
    ("selector_events.py", "sock_recv"): "socket", ("selector_events.py", "sock_accept"): "client",
    ("selector_events.py", "sock_connect"): "socket",
    ("selector_events.py", "sock_sendall"): "socket",
}
# Name of the type of `self` there -> the same, more exactly.
OF_TYPE = {"Semaphore": "semaphore", "BoundedSemaphore": "semaphore", "Condition": "condition"}
# What can be woken by whoever has the object that it is about: `self`, or the future.
BY_OBJECT = ("lock", "semaphore", "event", "condition", "queue", "future")
# (file, last part of the name) -> the local variable with the futures that it awaits.
WAITED_LOCALS = {("tasks.py", "_wait"): "fs", ("tasks.py", "wait_for"): "fut"}
# The same -> the local variable with the handle of its timer.
TIMERS = {("tasks.py", "sleep"): "h", ("tasks.py", "wait_for"): "timeout_handle",
          ("tasks.py", "_wait"): "timeout_handle"}
WORK_ITEM = ("thread.py", "run")  # of concurrent.futures: runs one function of a pool
CONTEXTS_MAX = 100000  # frames that are searched for the holders of locks


class TaskWaits:
    """Completes the tasks of one interpreter in one stop."""

    def __init__(self, objects, slots, values, samples: list, now_us: int) -> None:
        """Objects, Slots and Values of the interpreter; samples: [ThreadSample]; now_us:
        CLOCK_MONOTONIC of the target, 0: unknown."""
        self._objects, self._slots, self._values = objects, slots, values
        self._samples, self._now_us = samples, now_us

    def complete(self, tasks: list) -> None:
        """Sets waits, on, thread and left_us of [Task]."""
        addresses = {task.addr for task in tasks}
        for task in tasks:
            try:
                self._add_waits(task, addresses)
                self._add_deadline(task)
            except BadRead:
                pass
        _spread_deadlines(tasks)
        self._add_threads(tasks)
        self._add_holders(tasks)

    def object_of(self, task: Task) -> int:
        """The address of what a task waits for, 0: unknown. Whoever has it can wake the task."""
        if task.is_running or task.waits or task.thread or task.on not in BY_OBJECT:
            return 0
        return task.waiter if task.on == "future" else self._slots.self_of(task.frames[0])

    # Parts of these.

    def _add_waits(self, task: Task, tasks: set) -> None:
        """Sets waits and on of a Task. tasks: addresses of all tasks."""
        if task.is_running:
            return
        objects, waiter, key = self._objects, task.waiter, code_key(task.frames[0])
        task.on = AWAITED.get(key, "")
        if task.on in ("lock", "event"):
            kind = objects.type_name(self._slots.self_of(task.frames[0]))
            task.on = OF_TYPE.get(kind, task.on)
        kind = objects.type_name(waiter) if waiter else ""
        if waiter in tasks:
            task.waits = [waiter]
        elif kind.endswith("GatheringFuture"):
            task.waits = self._members(objects.attributes(waiter).get("_children", 0))
        elif key in WAITED_LOCALS:
            task.waits = [member for obj in self._locals(task.frames[0], WAITED_LOCALS[key])
                          for member in self._members(obj) or [obj]]
        elif key[1] in ("__aexit__", "_aexit"):
            groups = self._locals(task.frames[0], "self")
            task.waits = (self._members(objects.attributes(groups[0]).get("_tasks", 0))
                          if groups else [])
        task.waits = [addr for addr in task.waits if addr in tasks]
        if task.waits:
            task.on = "task"
        elif not task.on:
            task.on = "future" if waiter else ""

    def _locals(self, frame, name: str) -> list:
        """[object] of the local variable of this name: one, or none if it has no value."""
        return [obj for key, obj, _ in self._slots.named(frame.addr) if key == name]

    def _members(self, group: int) -> list:
        """[object] in a list, tuple or set; [] for another object."""
        name = self._objects.type_name(group) if group else ""
        if name in ("list", "tuple"):
            return self._objects.items(group, name)
        return self._objects.set_items(group) if name in ("set", "frozenset") else []

    def _add_deadline(self, task: Task) -> None:
        """Sets left_us by the timer of a sleep, or of the first time limit that ends."""
        moments = []
        for frame in task.frames if self._now_us and not task.is_running else ():
            key = code_key(frame)
            if key in TIMERS:
                moments += [moment for handle in self._locals(frame, TIMERS[key])
                            for moment in self._floats(self._objects.words(handle))]
            for context in self._slots.entered_contexts(frame):
                if self._objects.type_name(context) == "Timeout":  # asyncio.timeout, from 3.11 on
                    moments += self._floats([self._objects.attributes(context).get("_when", 0)])
        if moments:
            task.left_us = max(0, int(min(moments) * 1e6) - self._now_us)

    def _floats(self, words: list) -> list:
        """The values of those objects that are a float."""
        return [float(self._values.text(word)) for word in words
                if word and self._objects.type_name(word) == "float"]

    def _add_threads(self, tasks: list) -> None:
        """Sets the thread of tasks that wait for a function which runs in a pool of threads."""
        waiting = {}
        for task in tasks:
            if task.on == "future" and not task.is_running:
                waiting.setdefault(task.waiter, []).append(task)
        for sample in self._samples if waiting else ():
            for frame in (frame for run in sample.runs for frame in run.frames):
                if code_key(frame) != WORK_ITEM:
                    continue
                for future in self._futures_of_work(frame):
                    for task in waiting.get(future, ()):
                        task.on, task.thread = "thread", sample.tid

    def _futures_of_work(self, frame) -> list:
        """[object] that the end of a function in a pool sets: asyncio.futures._chain_future keeps
        the future in the closure of a callback."""
        objects = self._objects
        try:
            future = objects.attributes(self._slots.self_of(frame)).get("future", 0)
            callbacks = self._members(objects.attributes(future).get("_done_callbacks", 0))
            return [found for callback in callbacks for found in objects.closure(callback)]
        except BadRead:
            return []

    def _add_holders(self, tasks: list) -> None:
        """Adds the holders to tasks that wait for a lock or a semaphore."""
        wanted = {}
        for task in tasks:
            if task.on in ("lock", "semaphore"):
                wanted.setdefault(self._slots.self_of(task.frames[0]), []).append(task)
        wanted.pop(0, None)
        left = CONTEXTS_MAX if wanted else 0
        for task in tasks:
            for frame in task.frames[:left]:
                for lock in self._locks_in(frame):
                    for waiting in wanted.get(lock, ()):
                        if task.addr not in waiting.waits:
                            waiting.waits.append(task.addr)
            left = max(0, left - len(task.frames))
        drop_released(tasks)

    def _locks_in(self, frame) -> list:
        """[lock] that a frame holds by `async with`: a Condition holds its own."""
        found = self._slots.entered_contexts(frame)
        for context in list(found):
            if self._objects.type_name(context) == "Condition":
                try:
                    found.append(self._objects.attributes(context).get("_lock", 0))
                except BadRead:
                    pass
        return found


def _spread_deadlines(tasks: list) -> None:
    """A time limit also holds for the task that is waited for (wait_for, to 3.11)."""
    by_address = {task.addr: task for task in tasks}
    for task in tasks:
        for addr in task.waits if task.left_us is not None else ():
            if by_address[addr].left_us is None:
                by_address[addr].left_us = task.left_us


def drop_released(tasks: list) -> None:
    """A semaphore with several holders is released by any of them: its edges are kept only if none
    of them can go on. tasks: [Task], changed in place."""
    shared = [task for task in tasks if task.on == "semaphore" and len(task.waits) > 1]
    if not shared:
        return
    stuck = {task.addr: task for task in tasks if task.waits}
    changed = True
    while changed:
        free = [task for task in stuck.values() if _can_go_on(task, stuck)]
        changed = bool(free)
        for task in free:
            del stuck[task.addr]
    for task in shared:
        if task.addr not in stuck:
            task.waits = []


def _can_go_on(task: Task, stuck: dict) -> bool:
    free = [addr not in stuck for addr in task.waits]
    return any(free) if task.on == "semaphore" else all(free)
