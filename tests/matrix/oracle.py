"""pmp beside the sampling profiler that comes with Python 3.15: the same frames of the same moment?

`python3.15 -m profiling.sampling dump PID` reads another process of its own version, without gdb. Its target is
asleep, or stopped (SIGSTOP), so that both see the same.
"""

import os
import re
import signal
import time

import sample
from case_table import groups
from judge import show
from tap import proc_status, run

NAME = "profiling.sampling dump"
SINCE = (3, 15)
THREAD = re.compile(r"Stack dump.*, thread (\d+) \(")
FRAME = re.compile(r'  File "(.*)", line (\d+), in (.*)')


def parse(text):
    """{tid: [[function, file's last part, line], root first]} of what dump prints."""
    found, frames = {}, []
    for line in text.splitlines():
        thread, frame = THREAD.match(line), FRAME.match(line)
        if thread:
            frames = found[int(thread.group(1))] = []
        elif frame:
            frames.append([frame.group(3), frame.group(1).rpartition("/")[2], int(frame.group(2))])
    return found


def dump(program, python):
    """What the profiler says of a program that the same Python runs."""
    argv = ["nsenter", "-t", str(program.pid), "-m", "-r", "-w"] if python.root else []
    result = run(*argv, python.executable, "-m", "profiling.sampling", "dump", "-a", str(program.pid), env={
        "LC_ALL": "C.UTF-8", "PYTHON_COLORS": "0"})
    if result.code:
        raise AssertionError(str(result))
    return parse(result.out)


def different(known, profile):
    """Where the two disagree, None if they do not."""
    if not known:
        return "dump says nothing"
    for tid, wanted in known.items():
        for _, frames in profile.stacks.get(tid, [(0, [])]):
            got = [frame.told() for frame in frames if frame.kind == "python"]
            if got != wanted:
                return "thread %d\n    pmp\n%s\n    dump\n%s" % (tid, show(got), show(wanted))
    return None


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 10
    while proc_status(pid, "State")[:1] != "T" and time.monotonic() < deadline:
        time.sleep(0.01)


def compare(build, folder):
    """(what was compared, what is wrong or None)."""
    if build.version < SINCE or build.how != "as it is":
        return
    program, _ = sample.start(build, folder, [case.name for case in groups(build.version)[0]])
    with program:
        program.await_rest()
        for state in ("asleep", "stopped"):
            if state == "stopped":
                stop(program.pid)
            try:
                profile, _ = sample.sample(program, build, 2, 50)
                trouble = different(dump(program, build.python), profile)
            except AssertionError as error:
                trouble = str(error)
            yield "%s, %s" % (NAME, state), trouble
