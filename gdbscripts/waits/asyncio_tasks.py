"""asyncio's tasks, each with its chain of awaits: to the outside a hung loop shows nothing but epoll_wait.

    sys.modules -> asyncio.tasks -> the weak set of all tasks -> Task -> coroutine -> what it awaits -> ...

A Task of C (Modules/_asynciomodule.c, TaskObj) has, in every release from 3.8 to 3.13, task_fut_waiter, task_coro and
task_name side by side; where they begin differs, so the coroutine is looked for.
"""
from pmp_markers import marker, one_line
from pmp_memory import BadRead, pointer_at
from pmp_py_objects import WEAKREF_OBJECT

TASKS_MAX, CHAIN_MAX = 10000, 1000
TASK_BYTES_MAX = 512
SETS = ("_scheduled_tasks", "_all_tasks", "_eager_tasks")  # 3.12 on; 3.8 to 3.11; 3.12 on
GENERATORS = ("coroutine", "generator", "async_generator")
# What stands between an await and the next coroutine: where it has it (Objects/genobject.c).
LINKS = {"coroutine_wrapper": 16, "async_generator_asend": 16, "async_generator_athrow": 16}
LOOP = 16  # of a Future or Task of C: its event loop
STATE_BEFORE_FRAME, COMPLETED = 5, 1  # gi_frame_state is so many bytes before gi_iframe (3.11 on); and from there on it has ended
# (file, last part of the name) of the innermost coroutine -> what it awaits.
AWAITED = {
    ("locks.py", "acquire"): "lock", ("locks.py", "wait"): "event", ("queues.py", "get"): "queue",
    ("queues.py", "put"): "queue", ("queues.py", "join"): "queue", ("tasks.py", "sleep"): "sleep",
    ("streams.py", "_wait_for_data"): "stream", ("streams.py", "drain"): "stream",
    ("selector_events.py", "sock_recv"): "socket", ("selector_events.py", "sock_accept"): "socket",
    ("selector_events.py", "sock_connect"): "socket",
}
# Of coroutines that wait for many: the local that has them.
WAITED_LOCALS = {("tasks.py", "_wait"): "fs", ("tasks.py", "wait_for"): "fut"}


class Task:
    __slots__ = ("addr", "name", "loop", "waiter", "frames", "waits", "on")

    def __init__(self, addr: int, name: str, loop: int, waiter: int, frames: list) -> None:
        """waiter: the future that it waits for; frames: PyFrames, innermost first."""
        self.addr, self.name, self.loop, self.waiter, self.frames = addr, name, loop, waiter, frames
        self.waits, self.on = [], ""


class AsyncioTasks:
    def __init__(self, objects, slots, values, frames) -> None:
        """Of py_objects and py_values, and a py_frames.FrameReader."""
        self._objects, self._slots, self._values, self._frames = objects, slots, values, frames

    def read(self, modules: int) -> list:
        """All Tasks that have not ended. modules: sys.modules."""
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
        """loops: event loop -> thread id."""
        lines = []
        for task in tasks:
            pairs = [("waits", "0x%x" % addr) for addr in task.waits]
            pairs += [("tid", loops[task.loop])] if task.loop in loops else []
            pairs += [("on", task.on)] if task.on else []
            lines.append(marker("task", ("id", "0x%x" % task.addr), ("name", one_line(task.name)), ("state", "pending"), *pairs))
            for frame in task.frames:
                lines.append(marker("await", name=one_line(frame.code.name), file=one_line(frame.code.file),
                                    line=frame.code.line(frame.offset)))
        return lines

    # Their parts.

    def _addresses(self, modules: int) -> list:
        objects, found = self._objects, []
        names = objects.module(modules, "asyncio.tasks")
        for name in SETS:
            group = names.get(name, 0)
            if not group:
                continue
            data = group if objects.type_name(group) == "set" else objects.attributes(group).get("data", 0)
            if not data or objects.type_name(data) != "set":
                continue
            for entry in objects.set_items(data):
                is_weak = objects.type_name(entry).startswith("weakref")
                found.append(objects.memory.pointer(entry + WEAKREF_OBJECT) if is_weak else entry)
        return list(dict.fromkeys(found))

    def _task(self, task: int):
        objects = self._objects
        if not objects.type_name(task).endswith("Task"):
            return None
        data = objects.memory.read_some(task, TASK_BYTES_MAX)
        for at in range(24, len(data) - 16, 8):
            word = pointer_at(data, at)
            if word > 4096 and word % 8 == 0 and objects.type_name(word) in GENERATORS:
                frames = self._chain(word)
                if frames is None:
                    return None
                return Task(task, self._name(pointer_at(data, at + 8)), pointer_at(data, LOOP), pointer_at(data, at - 8), frames)
        return self._task_of_python(task)

    def _task_of_python(self, task: int):
        """One of a class written in Python, whose attributes have the same names."""
        own = self._objects.attributes(task)
        frames = self._chain(own["_coro"]) if "_coro" in own else None
        if frames is None:
            return None
        return Task(task, self._name(own.get("_name", 0)), own.get("_loop", 0), own.get("_fut_waiter", 0), frames)

    def _name(self, obj: int) -> str:
        """From 3.12 on it is a number until somebody asks for the name."""
        kind = self._objects.type_name(obj) if obj else ""
        if kind == "int":
            return "Task-" + self._values.text(obj)
        return self._objects.text(obj) if kind == "str" else "Task"

    def _chain(self, coroutine: int):
        """The PyFrames of a coroutine and of what it awaits, innermost first; None: it has ended."""
        objects, found = self._objects, []
        while coroutine > 4096 and len(found) < CHAIN_MAX:
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
        place = generator + self._objects.values["gen.frame"]
        if "frame.valuestack" in self._objects.values:
            return self._objects.memory.pointer(place)
        state = self._objects.memory.read(place - STATE_BEFORE_FRAME, 1)[0]
        return 0 if COMPLETED <= state < 128 else place

    def _add_waits(self, task: Task, tasks: set) -> None:
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
            task.waits = [member for name, obj, _ in self._slots.named(task.frames[0].addr) if name == WAITED_LOCALS[key]
                          for member in self._future_members(obj) or [obj]]
        elif key[1] == "__aexit__" or key[1] == "_aexit":
            own = [obj for name, obj, _ in self._slots.named(task.frames[0].addr) if name == "self"]
            task.waits = self._future_members(objects.attributes(own[0]).get("_tasks", 0)) if own else []
        task.waits = [addr for addr in task.waits if addr in tasks]
        if task.waits:
            task.on = "task"
        elif not task.on:
            task.on = "future" if waiter else ""

    def _future_members(self, group: int) -> list:
        name = self._objects.type_name(group) if group else ""
        if name in ("list", "tuple"):
            return self._objects.items(group, name)
        return self._objects.set_items(group) if name in ("set", "frozenset") else []

    def _add_lock_holders(self, tasks: list) -> None:
        """A lock does not tell who has it; an `async with` keeps its bound `__aexit__` on its frame's value stack."""
        wanted = {}
        for task in tasks:
            if task.on == "lock" and not task.waits:
                wanted.setdefault(self._slots.self_of(task.frames[0]), []).append(task)
        for task in tasks if wanted else ():
            for frame in task.frames:
                for lock in self._slots.entered_contexts(frame):
                    for waiting in wanted.get(lock, ()):
                        if waiting is not task and task not in wanted[lock] and task.addr not in waiting.waits:
                            waiting.waits.append(task.addr)


def _code_key(frame) -> tuple:
    return frame.code.file.rpartition("/")[2], frame.code.name.rpartition(".")[2]


def running_loops(slots, samples: list) -> dict:
    """Event loop -> id of the thread that runs it: the `self` of run_forever."""
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
