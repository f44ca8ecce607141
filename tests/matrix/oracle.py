"""Compares pmp's frames with those of the sampling profiler that comes with Python 3.15.

`python3.15 -m profiling.sampling dump PID` reads a process of the same version, without gdb. The
target sleeps, or is stopped (SIGSTOP), so both see the same frames.
"""

import os
import re
import signal
import time

import sample
from case_table import groups
from judge import frames_text
from tap import proc_status, run

NAME = "profiling.sampling dump"
SINCE = (3, 15)
THREAD = re.compile(r"Stack dump.*, thread (\d+) \(")
FRAME = re.compile(r'  File "(.*)", line (\d+), in (.*)')


def parse_dump(text):
    """{tid: [[function, file's last part, line], root first]} from dump's output."""
    found, frames = {}, []
    for line in text.splitlines():
        thread, frame = THREAD.match(line), FRAME.match(line)
        if thread:
            frames = found[int(thread.group(1))] = []
        elif frame:
            frames.append([frame.group(3), frame.group(1).rpartition("/")[2], int(frame.group(2))])
    return found


def dump(program, python):
    """The profiler's frames of a program that the same Python runs."""
    argv = ["nsenter", "-t", str(program.pid), "-m", "-r", "-w"] if python.root else []
    result = run(*argv, python.executable, "-m", "profiling.sampling", "dump", "-a",
                 str(program.pid), env={
        "LC_ALL": "C.UTF-8", "PYTHON_COLORS": "0"})
    if result.code:
        raise AssertionError(str(result))
    return parse_dump(result.out)


def difference(known, profile):
    """How the two differ, None if they do not."""
    if not known:
        return "dump reports no thread"
    for tid, wanted in known.items():
        for _, frames in profile.stacks.get(tid, [(0, [])]):
            got = [frame.as_truth() for frame in frames if frame.kind == "python"]
            if got != wanted:
                return "thread %d\n    pmp\n%s\n    dump\n%s" % (tid, frames_text(got),
                                                                 frames_text(wanted))
    return None


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 10
    while proc_status(pid, "State")[:1] != "T" and time.monotonic() < deadline:
        time.sleep(0.01)


def compare(build, folder):
    """Yields (what was compared, what is wrong or None)."""
    if build.version < SINCE or build.how != "as it is":
        return
    program, _ = sample.start_program(build, folder,
                                      [case.name for case in groups(build.version)[0]])
    with program:
        program.await_blocked()
        for state in ("asleep", "stopped"):
            if state == "stopped":
                stop(program.pid)
            try:
                profile, _ = sample.run_pmp(program, build, 2, 50)
                trouble = difference(dump(program, build.python), profile)
            except AssertionError as error:
                trouble = str(error)
            yield "%s, %s" % (NAME, state), trouble
