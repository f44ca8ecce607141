"""asyncio's tasks, each with its chain of awaits. The stack of a hung event loop shows only
epoll_wait.

    sys.modules -> asyncio.tasks -> weak set of all tasks -> Task -> coroutine -> awaited ...

A Task written in C (Modules/_asynciomodule.c, TaskObj) has the fields task_fut_waiter, task_coro
and task_name in this order, in every release from 3.8 to 3.13. Their offset differs, so the
coroutine is searched for.
"""
from pmp_markers import marker, one_line
from pmp_memory import BadRead, pointer_at
from pmp_py_objects import MIN_ADDRESS, WEAKREF_OBJECT

TASKS_MAX, CHAIN_MAX = 10000, 1000  # tasks; coroutines of one task
TASK_BYTES_MAX = 512  # bytes of a Task that are searched
SETS = ("_scheduled_tasks", "_all_tasks", "_eager_tasks")  # 3.12 on; 3.8 to 3.11; 3.12 on
GENERATORS = ("coroutine", "generator", "async_generator")
# Types between an await and the next coroutine -> offset of the pointer to it
# (Objects/genobject.c).
LINKS = {"coroutine_wrapper": 16, "async_generator_asend": 16, "async_generator_athrow": 16}
LOOP = 16  # offset of the event loop in a Future or Task written in C
# 3.11 on: gi_frame_state is this many bytes before gi_iframe; values from COMPLETED on: it has
# ended.
STATE_BEFORE_FRAME, COMPLETED = 5, 1
# (file, last part of the name) of the innermost coroutine -> what it awaits.
AWAITED = {
    ("locks.py", "acquire"): "lock", ("locks.py", "wait"): "event", ("queues.py", "get"): "queue",
    ("queues.py", "put"): "queue", ("queues.py", "join"): "queue", ("tasks.py", "sleep"): "sleep",
    ("streams.py", "_wait_for_data"): "stream", ("streams.py", "drain"): "stream",
    ("selector_events.py", "sock_recv"): "socket", ("selector_events.py", "sock_accept"): "socket",
    ("selector_events.py", "sock_connect"): "socket",
}
# The same -> the local variable with the futures that it awaits.
WAITED_LOCALS = {("tasks.py", "_wait"): "fs", ("tasks.py", "wait_for"): "fut"}


class Task:
    """One pending task. waits: addresses of the tasks that it waits for; on: what it waits for, as
    in the marker `task` (merger/parse/marker.h)."""
    __slots__ = ("addr", "name", "loop", "waiter", "frames", "waits", "on")

    def __init__(self, addr: int, name: str, loop: int, waiter: int, frames: list) -> None:
        """loop: its event loop; waiter: the future that it awaits, 0: none; frames: [PyFrame] of
        its coroutines, innermost first."""
        self.addr, self.name, self.loop, self.waiter, self.frames = addr, name, loop, waiter, frames
        self.waits, self.on = [], ""


class AsyncioTasks:
    """Reads the tasks of one interpreter in one stop."""

    def __init__(self, objects, slots, values, frames) -> None:
        """Objects, Slots, Values and py_frames.FrameReader of the interpreter."""
        self._objects, self._slots, self._values, self._frames = objects, slots, values, frames

    def read(self, modules: int) -> list:
        """[Task] of all tasks that have not ended; unreadable ones are left out. modules:
        sys.modules. BadRead."""
        found = []
        for task in self._addresses(modules)[:TASKS_MAX]:
            try:
                read = self._task(task)
            except BadRead:
                continue
            if read is not None:
                found.append(read)
        addresses = {task.addr for task in found}
        for task in found:
            try:
                self._add_waits(task, addresses)
            except BadRead:
                pass
        self._add_lock_holders(found)
        return sorted(found, key=lambda task: (len(task.name), task.name, task.addr))

    def lines(self, tasks: list, loops: dict) -> list:
        """The `task` and `await` markers of [Task]. loops: {event loop: tid}."""
        lines = []
        for task in tasks:
            pairs = [("waits", "0x%x" % addr) for addr in task.waits]
            pairs += [("tid", loops[task.loop])] if task.loop in loops else []
            pairs += [("on", task.on)] if task.on else []
            lines.append(marker("task", ("id", "0x%x" % task.addr), ("name", one_line(task.name)),
                                ("state", "pending"), *pairs))
            for frame in task.frames:
                code = frame.code
                lines.append(marker("await", name=one_line(code.name), file=one_line(code.file),
                                    line=code.line(frame.offset)))
        return lines

    # Parts of these.

    def _addresses(self, modules: int) -> list:
        """[address] of all tasks, each once."""
        objects, found = self._objects, []
        names = objects.module(modules, "asyncio.tasks")
        for name in SETS:
            group = names.get(name, 0)
            if not group:
                continue
            data = group
            if objects.type_name(group) != "set":  # a WeakSet
                data = objects.attributes(group).get("data", 0)
            if not data or objects.type_name(data) != "set":
                continue
            for entry in objects.set_items(data):
                is_weak = objects.type_name(entry).startswith("weakref")
                found.append(objects.memory.pointer(entry + WEAKREF_OBJECT) if is_weak else entry)
        return list(dict.fromkeys(found))

    def _task(self, task: int):
        """The Task at an address, None if it has ended or is none."""
        objects = self._objects
        if not objects.type_name(task).endswith("Task"):
            return None
        data = objects.memory.read_some(task, TASK_BYTES_MAX)
        for at in range(24, len(data) - 16, 8):
            word = pointer_at(data, at)
            is_object = word > MIN_ADDRESS and word % 8 == 0
            if is_object and objects.type_name(word) in GENERATORS:
                frames = self._chain(word)
                if frames is None:
                    return None
                return Task(task, self._name(pointer_at(data, at + 8)), pointer_at(data, LOOP),
                            pointer_at(data, at - 8), frames)
        return self._task_of_python(task)

    def _task_of_python(self, task: int):
        """The Task of a class written in Python, whose attributes have the same names."""
        attributes = self._objects.attributes(task)
        frames = self._chain(attributes["_coro"]) if "_coro" in attributes else None
        if frames is None:
            return None
        return Task(task, self._name(attributes.get("_name", 0)), attributes.get("_loop", 0),
                    attributes.get("_fut_waiter", 0), frames)

    def _name(self, obj: int) -> str:
        """The name of a task. From 3.12 on the object is a number until the program asks for the
        name."""
        kind = self._objects.type_name(obj) if obj else ""
        if kind == "int":
            return "Task-" + self._values.text(obj)
        return self._objects.text(obj) if kind == "str" else "Task"

    def _chain(self, coroutine: int):
        """[PyFrame] of a coroutine and the coroutines that it awaits, innermost first; None if it
        has ended."""
        objects, found = self._objects, []
        while coroutine > MIN_ADDRESS and len(found) < CHAIN_MAX:
            name = objects.type_name(coroutine)
            if name in LINKS:
                coroutine = objects.memory.pointer(coroutine + LINKS[name])
                continue
            if name not in GENERATORS:
                break
            frame = self._frame_of(coroutine)
            if not frame:
                break
            found.append(self._frames.frame_at(objects.memory, frame))
            coroutine = self._slots.top_of_stack(frame)
        return found[::-1] or None

    def _frame_of(self, generator: int) -> int:
        """The address of a generator's frame, 0 if it has ended."""
        place = generator + self._objects.values["gen.frame"]
        if "frame.valuestack" in self._objects.values:
            return self._objects.memory.pointer(place)
        state = self._objects.memory.read(place - STATE_BEFORE_FRAME, 1)[0]
        return 0 if COMPLETED <= state < 128 else place

    def _add_waits(self, task: Task, tasks: set) -> None:
        """Sets waits and on of a Task. tasks: addresses of all tasks."""
        objects = self._objects
        key = _code_key(task.frames[0]) if task.frames else ("", "")
        task.on = AWAITED.get(key, "")
        waiter = task.waiter
        kind = objects.type_name(waiter) if waiter else ""
        if waiter in tasks:
            task.waits = [waiter]
        elif kind.endswith("GatheringFuture"):
            task.waits = self._future_members(objects.attributes(waiter).get("_children", 0))
        elif key in WAITED_LOCALS:
            task.waits = [member for obj in self._locals(task.frames[0], WAITED_LOCALS[key])
                          for member in self._future_members(obj) or [obj]]
        elif key[1] == "__aexit__" or key[1] == "_aexit":
            groups = self._locals(task.frames[0], "self")
            task.waits = (self._future_members(objects.attributes(groups[0]).get("_tasks", 0))
                          if groups else [])
        task.waits = [addr for addr in task.waits if addr in tasks]
        if task.waits:
            task.on = "task"
        elif not task.on:
            task.on = "future" if waiter else ""

    def _locals(self, frame, name: str) -> list:
        """[object] of the local variable of this name: one, or none if it has no value."""
        return [obj for key, obj, _ in self._slots.named(frame.addr) if key == name]

    def _future_members(self, group: int) -> list:
        """[object] in a list, tuple or set; [] for another object."""
        name = self._objects.type_name(group) if group else ""
        if name in ("list", "tuple"):
            return self._objects.items(group, name)
        return self._objects.set_items(group) if name in ("set", "frozenset") else []

    def _add_lock_holders(self, tasks: list) -> None:
        """Adds the owner to tasks that wait for a lock. A lock does not record it, but `async with`
        keeps the lock's bound `__aexit__` on the value stack of its frame."""
        wanted = {}
        for task in tasks:
            if task.on == "lock" and not task.waits:
                wanted.setdefault(self._slots.self_of(task.frames[0]), []).append(task)
        for task in tasks if wanted else ():
            for frame in task.frames:
                for lock in self._slots.entered_contexts(frame):
                    for waiting in wanted.get(lock, ()):
                        is_waiter = waiting is task or task in wanted[lock]
                        if not is_waiter and task.addr not in waiting.waits:
                            waiting.waits.append(task.addr)


def _code_key(frame) -> tuple:
    """(base name of the file, last part of the function's name) of a PyFrame."""
    return frame.code.file.rpartition("/")[2], frame.code.name.rpartition(".")[2]


def running_loops(slots, samples: list) -> dict:
    """{event loop: tid of the thread that runs it}: the loop is `self` in run_forever."""
    found = {}
    for sample in samples:
        for run in sample.runs:
            for frame in run.frames:
                if _code_key(frame) == ("base_events.py", "run_forever"):
                    try:
                        for name, obj, _ in slots.named(frame.addr)[:1]:
                            found[obj] = sample.tid
                    except BadRead:
                        pass
    return found
