"""The event loops of asyncio and uvloop: the thread of each, and the task or callback that it runs
now.

A running task is found by its coroutine: that one's frame is on the stack of a thread. So no state
of the interpreter is needed, which differs by release.
"""
from pmp_memory import BadRead
from pmp_task_marker import Task, code_key

RUN_FOREVER, RUN_ONCE = ("base_events.py", "run_forever"), ("base_events.py", "_run_once")
RUN_HANDLE = ("events.py", "_run")
RUNS_MAX = 100  # runs of the eval loop of a thread that are searched for a loop


class LoopThreads:
    """The stacks of all threads in one stop, as far as event loops need them."""

    def __init__(self, slots, values, samples: list, now_us: int) -> None:
        """Slots and Values of the interpreter; samples: [ThreadSample]; now_us: CLOCK_MONOTONIC of
        the target, 0: unknown (a core file)."""
        self._slots, self._values, self._samples, self._now_us = slots, values, samples, now_us
        self._stacks = {sample.tid: [frame for run in sample.runs for frame in run.frames]
                        for sample in samples}
        self._keys = {tid: [code_key(frame) for frame in frames]
                      for tid, frames in self._stacks.items()}
        self._loops = {}  # event loop -> tid of the thread that runs it

    def complete(self, tasks: list) -> list:
        """Sets tid, is_running and busy_us of [Task]; returns them with a Task for each callback
        that a loop runs now. The frames of a running one are those of its thread."""
        self._find_loops({task.loop for task in tasks if task.loop})
        self._mark_running(tasks)
        for task in tasks:
            task.tid = task.tid or self._loops.get(task.loop, 0)
        busy = {task.tid for task in tasks if task.is_running}
        return tasks + [task for loop, tid in sorted(self._loops.items()) if tid not in busy
                        for task in self._callbacks(loop, tid)]

    # Parts of this.

    def _find_loops(self, loops: set) -> None:
        """The loop of asyncio is `self` in run_forever. One of uvloop, which has no Python frames,
        is in a slot of the frame that has called it: the last frame of a run."""
        for tid, keys in self._keys.items():
            for frame, key in zip(self._stacks[tid], keys):
                if key == RUN_FOREVER:
                    self._loops[self._self_of(frame)] = tid
        self._loops.pop(0, None)
        missing = loops.difference(self._loops)
        for sample in self._samples if missing else ():
            for run in sample.runs[:RUNS_MAX]:
                for loop in missing.intersection(self._objects_of(run.frames[0])):
                    self._loops[loop] = sample.tid

    def _mark_running(self, tasks: list) -> None:
        """Of several tasks on one stack (one runs a loop inside) only the innermost one runs."""
        where = {frame.addr: (tid, at) for tid, frames in self._stacks.items()
                 for at, frame in enumerate(frames)}
        found = {}
        for task in tasks:
            tid, at = where.get(task.frames[-1].addr, (0, 0))
            if tid and (tid not in found or at < found[tid][0]):
                found[tid] = (at, task)
        for tid, (at, task) in found.items():
            self._loops.setdefault(task.loop, tid)
            self._set_running(task, tid, at + 1)

    def _set_running(self, task: Task, tid: int, count: int) -> None:
        task.is_running, task.tid, task.waiter = True, tid, 0
        task.frames = self._stacks[tid][:count]
        task.busy_us = self._busy_us(tid)

    def _callbacks(self, loop: int, tid: int) -> list:
        """[Task] of the callback that the loop of a thread runs now: one or none."""
        keys = self._keys[tid]
        if RUN_HANDLE in keys:
            at = keys.index(RUN_HANDLE)
            handle = self._self_of(self._stacks[tid][at])
        elif RUN_FOREVER in keys:
            return []
        else:
            at, handle = self._frames_called_by(loop, tid), loop
        if not at and RUN_HANDLE not in keys:
            return []
        task = Task(handle, "callback", [], "callback")
        task.loop = loop
        self._set_running(task, tid, max(1, at))
        return [task]

    def _frames_called_by(self, loop: int, tid: int) -> int:
        """The number of frames that a loop of uvloop has called: those of the runs inside of the
        one whose last frame has called the loop. 0 also if each frame is a run (to 3.10): then the
        call cannot be told from the others."""
        sample = next(sample for sample in self._samples if sample.tid == tid)
        if any(run.object for run in sample.runs):
            return 0
        inside = [at for at, run in enumerate(sample.runs[:RUNS_MAX])
                  if loop in self._objects_of(run.frames[0])]
        return sum(len(run.frames) for run in sample.runs[:inside[-1]]) if inside else 0

    def _busy_us(self, tid: int):
        """The time since the loop of a thread has looked for events, None if unknown: its local
        `end_time` is that moment, later by the resolution of the clock."""
        for frame, key in zip(self._stacks[tid], self._keys[tid]):
            if key == RUN_ONCE and self._now_us:
                try:
                    for name, obj, _ in self._slots.named(frame.addr):
                        if name == "end_time":
                            return max(0, self._now_us - int(float(self._values.text(obj)) * 1e6))
                except (BadRead, ValueError, OverflowError):
                    return None
        return None

    def _self_of(self, frame) -> int:
        try:
            return self._slots.self_of(frame)
        except BadRead:
            return 0

    def _objects_of(self, frame) -> list:
        try:
            return [word & ~3 for word in self._slots.slot_values(frame.addr)]
        except BadRead:
            return []
