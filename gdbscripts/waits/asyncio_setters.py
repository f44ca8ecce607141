"""Tasks of asyncio that nothing alive can wake: what they wait for cannot be reached by any other
task, by the callbacks, timers and connections of the loop, or by any thread.

The search reads data, so it cannot see what code of C keeps: the answer is likely, not certain. It
says nothing while a loop runs a task or a callback, and nothing of a loop written in C (uvloop).
"""
from pmp_py_reach import Reach
from pmp_memory import BadRead, cpu_time
from pmp_task_marker import code_key

STUCK_MAX = 200  # tasks that are searched one by one
FRAMES_MAX = 5000  # of tasks and threads
SECONDS_MAX = 0.5  # of CPU time
PYTHON_LOOP = "_UnixSelectorEventLoop"


def mark_orphans(objects, slots, samples: list, tasks: list, object_of) -> None:
    """Sets is_orphaned of [Task]. object_of(task): what it waits for, 0: nothing that only code can
    set."""
    if any(task.is_running for task in tasks):
        return
    wanted = {}
    for task in tasks:
        obj = _wanted_object(objects, task, object_of)
        if obj:
            wanted.setdefault(obj, []).append(task)
    candidates = [task for waiting in wanted.values() for task in waiting]
    if not wanted or sum(len(task.frames) for task in tasks) > FRAMES_MAX:
        return
    stuck, end = _with_dependents(candidates, tasks), cpu_time() + SECONDS_MAX
    reach = _new_reach(objects, slots, tasks)
    _add_others(reach, samples, [task for task in tasks if task.addr not in stuck])
    for loop in {task.loop for task in candidates}:
        reach.add_object(loop)
    missing = [obj for obj in wanted if reach.is_complete and not reach.has(obj)]
    if not missing or len(stuck) > STUCK_MAX:
        return
    reaches = {}
    for task in (task for task in tasks if task.addr in stuck):
        reaches[task.addr] = _new_reach(objects, slots, tasks)
        _add_frames(reaches[task.addr], task.frames)
        if cpu_time() > end or not reaches[task.addr].is_complete:
            return
    for obj in missing:
        own = _with_dependents(wanted[obj], tasks)
        is_reached = any(reaches[addr].has(obj) for addr in stuck - own)
        for task in wanted[obj]:
            task.is_orphaned = not is_reached


def _new_reach(objects, slots, tasks: list) -> Reach:
    reach = Reach(objects, slots)
    reach.stop_at([task.addr for task in tasks])
    return reach


def _wanted_object(objects, task, object_of) -> int:
    try:
        is_known_loop = objects.type_name(task.loop) == PYTHON_LOOP
        return object_of(task) if is_known_loop and task.left_us is None else 0
    except BadRead:
        return 0


def _add_others(reach: Reach, samples: list, tasks: list) -> None:
    """Searches from these tasks and all threads."""
    for task in tasks:
        _add_frames(reach, task.frames)
    for sample in samples:
        frames = [frame for run in sample.runs for frame in run.frames]
        _add_frames(reach, _inside_of_loop(frames)[:FRAMES_MAX])


def _with_dependents(waiting: list, tasks: list) -> set:
    """The addresses of these tasks, and of those that wait for nothing but them: they cannot run
    before."""
    found, size = {task.addr for task in waiting}, -1
    while size < len(found):
        size = len(found)
        found.update(task.addr for task in tasks
                     if task.on == "task" and task.waits and found.issuperset(task.waits))
    return found


def _inside_of_loop(frames: list) -> list:
    """The frames that run now: those outside of a loop go on when it has ended."""
    for at, frame in enumerate(frames):
        if code_key(frame) == ("base_events.py", "run_forever"):
            return frames[:at + 1]
    return frames


def _add_frames(reach: Reach, frames: list) -> None:
    for frame in frames:
        try:
            reach.add_frame(frame)
        except (BadRead, KeyError):
            reach.is_complete = False
