"""Greenlets (greenlet 2.0 to 3.5), each with its own stack of Python frames. The stack of a thread
is that of the greenlet that runs: with gevent mostly the hub, in epoll_wait.

PyGreenlet (src/greenlet/greenlet.h): after its head weakreflist, dict, pimpl. pimpl points to a
Greenlet (TGreenlet.hpp; 2.0: greenlet_greenlet.hpp), whose last two members are

    StackState    stack_start, stack_stop, stack_copy, stack_saved, stack_prev
    PythonState   context, top_frame, ...

in every release. What is before them differs, so top_frame is searched for: the first pointer to a
frame object. It is null while the greenlet runs, or if it has no Python frames. stack_start is 0
before the first switch and after the end; stack_stop is -1 in the main greenlet of a thread, and
otherwise on the stack of its thread; stack_saved: bytes of the stack that were copied away.
"""
import struct

from pmp_gc_objects import GcObjects
from pmp_greenlet_waits import GreenletWaits
from pmp_memory import BadRead, pointer_at
from pmp_py_objects import TYPE_BASE
from pmp_task_marker import Task, code_key

PIMPL, STATE_MAX, BASES_MAX = 32, 256, 20
STATE_BEFORE = 48  # bytes from stack_start to top_frame
# f_frame of a PyFrameObject, from 3.11 on (Include/internal/pycore_frame.h)
FRAME_OBJECT_FRAME = 24
MAIN_STOP = (1 << 64) - 1
GREENLETS_MAX = 10000
THREAD_START = ("threading.py", "_bootstrap")
HUB_RUN = (("hub.py", "run"), ("hub.py", "run_mainloop"))  # of gevent and eventlet


class Greenlet:
    """The state of one that has started and not ended. top: its frame object, 0: it runs, or has no
    Python frames; place: an address on its part of the stack, 0: unknown; is_moved: a part of its
    stack was copied away, so it does not run."""
    __slots__ = ("addr", "top", "place", "is_main", "is_moved", "is_hub", "tid", "frames")

    def __init__(self, addr: int, top: int, place: int, is_main: bool, is_moved: bool) -> None:
        self.addr, self.top, self.place, self.is_main = addr, top, place, is_main
        self.is_moved = is_moved
        self.is_hub, self.tid, self.frames = False, 0, []


def _loop_time(data: bytes) -> float:
    """When a loop of libev has looked for events last, on CLOCK_MONOTONIC; 0: it is no such loop.
    struct ev_loop (ev.c, ev_vars.h of libev 4) begins with ev_rt_now, now_floor, mn_now,
    rtmn_diff."""
    real, _, monotonic, difference = struct.unpack("<4d", data)
    is_loop = real > 1e9 and monotonic > 0 and abs(real - monotonic - difference) < 1
    return monotonic if is_loop else 0.0


class Greenlets:
    """Reads the greenlets of one process in one stop. is_complete: it had the time to find all."""

    def __init__(self, objects, slots, values, python) -> None:
        """Objects, Slots and Values; python: interpreter.Interpreter."""
        self._objects, self._slots, self._values = objects, slots, values
        self._python = python
        self.is_complete = True

    def read(self, modules: int, samples: list, now_us: int) -> list:
        """[Task] of all greenlets but the hubs. modules: sys.modules; samples, now_us: as of
        AsyncioTasks.read. BadRead."""
        if not self._objects.module(modules, "greenlet"):
            return []
        found = self._started(self._addresses())
        for greenlet in found:
            self._add_frames(greenlet)
            greenlet.tid = _nearest_thread(greenlet.place, samples)
        with_hub = {greenlet.tid for greenlet in found if greenlet.is_hub}
        tasks = [self._task(greenlet) for greenlet in found
                 if not greenlet.is_hub
                 and (greenlet.tid in with_hub and greenlet.top or not greenlet.is_main)]
        running = self._running(found, samples, now_us)
        current = {task.addr for task in running}
        tasks = [task for task in tasks if task.addr not in current] + running
        _number_equal_names(tasks)
        GreenletWaits(self._objects, self._slots, self._values, samples, now_us).complete(
            tasks, [greenlet.addr for greenlet in found])
        return tasks

    # Parts of this.

    def _addresses(self) -> list:
        """[address] of all objects of the type greenlet, or of a class that inherits from it."""
        gc, found = GcObjects(self._objects.memory), []
        for state in self._python.gc_states():
            found += gc.find(state, self._is_greenlet_type)
        self.is_complete = gc.is_complete and len(found) <= GREENLETS_MAX
        return sorted(found)[:GREENLETS_MAX]

    def _is_greenlet_type(self, kind: int) -> bool:
        try:
            for _ in range(BASES_MAX):
                if not kind:
                    return False
                if self._objects.name_of_type(kind) == "greenlet.greenlet":
                    return True
                kind = self._objects.memory.pointer(kind + TYPE_BASE)
        except BadRead:
            pass
        return False

    def _started(self, addresses: list) -> list:
        """[Greenlet] of those that have started and not ended."""
        states = {}
        for addr in addresses:
            try:
                pimpl = self._objects.memory.pointer(addr + PIMPL)
                states[addr] = self._objects.memory.read_some(pimpl, STATE_MAX)
            except BadRead:
                pass
        top_at = self._find_top_frame(states.values())
        if not top_at:
            return []
        found = []
        for addr, data in states.items():
            if len(data) < top_at + 8:
                continue
            start, stop, _, saved = struct.unpack_from("<4Q", data, top_at - STATE_BEFORE)
            if start and stop:
                place = stop if stop != MAIN_STOP else start
                found.append(Greenlet(addr, pointer_at(data, top_at), place, stop == MAIN_STOP,
                                      saved > 0))
        return found

    def _find_top_frame(self, states) -> int:
        """The offset of top_frame in a Greenlet, 0 if none is suspended."""
        for data in states:
            for at in range(STATE_BEFORE, len(data) - 8, 8):
                word = pointer_at(data, at)
                if word and word % 8 == 0 and self._objects.type_name(word) == "frame":
                    return at
        return 0

    def _add_frames(self, greenlet: Greenlet) -> None:
        name = self._objects.type_name(greenlet.addr)
        if greenlet.top:
            try:
                is_new = "frame.valuestack" not in self._objects.values  # from 3.11 on
                frame = (self._objects.memory.pointer(greenlet.top + FRAME_OBJECT_FRAME) if is_new
                         else greenlet.top)
                greenlet.frames = self._python.frames.outer_frames(self._objects.memory, frame)
            except BadRead:
                pass
        outermost = code_key(greenlet.frames[-1]) if greenlet.frames else ("", "")
        greenlet.is_hub = name.endswith("Hub") or outermost in HUB_RUN

    def _task(self, greenlet: Greenlet) -> Task:
        name = "main" if greenlet.is_main else self._name(greenlet.addr)
        if not name and greenlet.frames:
            name = self._name_of_frame(greenlet.frames[-1])
        task = Task(greenlet.addr, name or "greenlet", greenlet.frames, "greenlet")
        task.tid = greenlet.tid
        return task

    def _name(self, addr: int) -> str:
        """The name that the program, or a print of it, has given; "" if there is none."""
        try:
            name = self._objects.attributes(addr).get("name", 0)
            return self._objects.text(name) if name else ""
        except (BadRead, KeyError):
            return ""

    def _name_of_frame(self, frame) -> str:
        """The name of the outermost function, or of the Thread (of patched threading) that it
        starts."""
        if code_key(frame) == THREAD_START:
            try:
                thread = self._slots.self_of(frame)
                return self._objects.text(self._objects.attributes(thread).get("_name", 0))
            except (BadRead, KeyError):
                pass
        return frame.code.name.rpartition(".")[2]

    def _running(self, found: list, samples: list, now_us: int) -> list:
        """[Task] of the greenlets that run now in place of a hub, at most one of each thread."""
        tasks = []
        for sample in samples:
            own = [greenlet for greenlet in found if greenlet.tid == sample.tid]
            frames = [frame for run in sample.runs for frame in run.frames]
            hubs = [greenlet for greenlet in own if greenlet.is_hub]
            running = sorted((greenlet for greenlet in own if not greenlet.top
                              and not greenlet.is_main and not greenlet.is_moved),
                             key=lambda greenlet: greenlet.place)
            if not hubs or not frames:
                continue
            at = next((at for at, frame in enumerate(frames) if code_key(frame) in HUB_RUN), None)
            if at == 0:
                continue  # the hub waits for events
            current = (hubs if at else running) or [
                greenlet for greenlet in found if greenlet.is_main and not greenlet.top]
            if current:
                tasks.append(self._running_task(current[0], sample.tid, frames[:at], bool(at)))
                tasks[-1].busy_us = self._busy_us(hubs[0].addr, now_us)
        return tasks

    def _busy_us(self, hub: int, now_us: int):
        """The time since a hub has looked for events, None if unknown."""
        try:
            loops = [word for word in self._objects.words(hub)
                     if self._objects.type_name(word).endswith(".loop")]
            for word in self._objects.words(loops[0]) if loops and now_us else ():
                at = self._loop_time_at(word)
                if at:
                    return max(0, now_us - int(at * 1e6))
        except (BadRead, OverflowError):
            pass
        return None

    def _loop_time_at(self, word: int) -> float:
        try:
            return _loop_time(self._objects.memory.read(word, 32))
        except BadRead:
            return 0.0  # no pointer

    def _running_task(self, greenlet: Greenlet, tid: int, frames: list, in_hub: bool) -> Task:
        greenlet.frames = frames
        task = self._task(greenlet)
        task.tid, task.is_running = tid, True
        if in_hub:
            task.name = "callback"
        return task


def _nearest_thread(place: int, samples: list) -> int:
    """The tid of the thread whose stack pointer is the nearest to an address on its stack; 0: there
    is none."""
    distances = [(abs(sample.stack.frames[0].sp - place), sample.tid) for sample in samples
                 if sample.stack is not None and sample.stack.frames]
    return min(distances)[1] if distances and place > 1 else 0


def _number_equal_names(tasks: list) -> None:
    """Greenlets are named for their functions: the second one of a name is "work#2"."""
    counts = {}
    for task in tasks:
        number = counts[task.name] = counts.get(task.name, 0) + 1
        if number > 1:
            task.name = "%s#%d" % (task.name, number)
