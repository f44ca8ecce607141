"""The sampled program's own report of the frames of its threads: the truth of `make matrix`.

It runs in each CPython from 2.7 on, so it uses only syntax that all of them accept.

Each thread of a case ends in `block` and stays there, or calls `busy` and runs on in Python. After
pmp has taken its samples, the test writes a byte to standard input. Then `write_on_request`, in a
thread of its own, reads the frames of all threads from Python and writes them as JSON. Python is
not asked earlier, so the report cannot change what pmp sees.

    {"threads": {TID: {"case": NAME, "frames": [[function, file's last part, line]...],
                       "running": BOOL}},
     "calls": {NAME: {"via": [[caller, callee, PATTERN]...], "direct": [[caller, callee]...],
                      "symbols": [[caller, callee]...]}},
     "skipped": {NAME: why}}

Frames are listed root first. A running thread has called `busy`: the line of its leaf is not
compared. `via` lists calls that go through a C function whose name matches PATTERN. `symbols` lists
those of these calls whose function no table of CPython names. `direct` lists calls from Python to
Python.
"""

import json
import os
import sys
import threading

PIPE, WRITE_END = os.pipe()  # never written to

threads = {}  # Python's id of a thread -> (tid, case)
running = set()  # tids of threads that called busy
# Python's id of a thread -> (frame, frames below it that sys._current_frames does not return)
subinterpreter_frames = {}
calls = {}
skipped = {}


def tid():
    """The kernel's id of the calling thread. threading.get_native_id needs 3.8."""
    return int(os.readlink("/proc/thread-self").split("/")[-1])


def enter(case):
    """Assigns the calling thread to this case."""
    threads[threading.current_thread().ident] = (tid(), case)


def block():
    os.read(PIPE, 1)


def busy():
    """Announces that the calling thread will not block, but run on in its caller."""
    running.add(tid())
    print_line("busy %d" % tid())


def start(case, function, *args):
    """Starts a thread of this case that runs function."""

    def begin():
        enter(case)
        function(*args)
    thread = threading.Thread(target=begin)
    thread.daemon = True
    thread.start()
    return thread


def print_line(line):
    os.write(1, (line + "\n").encode("ascii"))


def text(value):
    """A name as text. In Python 2.7 a name is bytes of any encoding."""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return value


def frames_of(frame):
    found = []
    while frame is not None:
        code = frame.f_code
        found.append([text(getattr(code, "co_qualname", code.co_name)),
                      text(code.co_filename).rpartition("/")[2], frame.f_lineno or 0])
        frame = frame.f_back
    return found[::-1]


def threads_report():
    found, frames = {}, sys._current_frames()
    for ident, (number, case) in threads.items():
        outer, inner = subinterpreter_frames.get(ident, (frames.get(ident), []))
        found[number] = {"case": case, "frames": frames_of(outer) + inner,
                         "running": number in running}
    return found


def write(path, found):
    """Writes the file at once: a reader never sees a part of it."""
    with open(path + ".new", "w") as file:
        json.dump({"threads": found, "calls": calls, "skipped": skipped}, file)
    os.rename(path + ".new", path)


def write_on_request(path):
    os.read(0, 1)
    write(path, threads_report())
    block()
