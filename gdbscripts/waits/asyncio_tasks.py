"""asyncio's tasks, each with its chain of awaits. The stack of a hung event loop shows only
epoll_wait.

    sys.modules -> asyncio.tasks -> weak set of all tasks -> Task -> coroutine -> awaited ...

A Task written in C (Modules/_asynciomodule.c, TaskObj) has the fields task_fut_waiter, task_coro
and task_name in this order, in every release from 3.8 to 3.13. Their offset differs, so the
coroutine is searched for.
"""
from pmp_asyncio_loops import LoopThreads
from pmp_asyncio_setters import mark_orphans
from pmp_asyncio_waits import TaskWaits
from pmp_memory import BadRead, pointer_at
from pmp_py_objects import MIN_ADDRESS, WEAKREF_OBJECT
from pmp_task_marker import Task

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


class AsyncioTasks:
    """Reads the tasks of one interpreter in one stop."""

    def __init__(self, objects, slots, values, frames) -> None:
        """Objects, Slots, Values and py_frames.FrameReader of the interpreter."""
        self._objects, self._slots, self._values, self._frames = objects, slots, values, frames

    def read(self, modules: int, samples: list, now_us: int) -> list:
        """[Task] of all tasks that have not ended, and of the callbacks that loops run now;
        unreadable ones are left out. modules: sys.modules; samples: [ThreadSample]; now_us:
        CLOCK_MONOTONIC of the target, 0: unknown. BadRead."""
        found = []
        for task in self._addresses(modules)[:TASKS_MAX]:
            try:
                read = self._task(task)
            except BadRead:
                continue
            if read is not None:
                found.append(read)
        if not found:
            return []
        threads = LoopThreads(self._slots, self._values, samples, now_us)
        all_tasks = threads.complete(found)
        waits = TaskWaits(self._objects, self._slots, self._values, samples, now_us)
        waits.complete(found)
        mark_orphans(self._objects, self._slots, samples, found, waits.object_of)
        return sorted(all_tasks, key=lambda task: (len(task.name), task.name, task.addr))

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
                found = Task(task, self._name(pointer_at(data, at + 8)), frames)
                found.loop, found.waiter = pointer_at(data, LOOP), pointer_at(data, at - 8)
                return found
        return self._task_of_python(task)

    def _task_of_python(self, task: int):
        """The Task of a class written in Python, whose attributes have the same names."""
        attributes = self._objects.attributes(task)
        frames = self._chain(attributes["_coro"]) if "_coro" in attributes else None
        if frames is None:
            return None
        found = Task(task, self._name(attributes.get("_name", 0)), frames)
        found.loop, found.waiter = attributes.get("_loop", 0), attributes.get("_fut_waiter", 0)
        return found

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
