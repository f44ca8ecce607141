"""What the program that `make matrix` looks at knows of itself: where each of its threads is.

Runs in every CPython from 2.7 on, so it is written in what all of them understand.

Every thread of a case ends up in `block` (or calls `busy` and goes on in Python), and stays there. When
the test has looked, it writes a byte to standard input: `watch`, in a thread of its own, then asks Python
for every thread's frames and writes them as JSON. So nothing is asked of Python before the test has
looked, and nothing that it asks for can change what the test sees.

    {"threads": {TID: {"case": NAME, "frames": [[function, file's last part, line]...], "loose": BOOL}},
     "calls": {NAME: {"via": [[caller, callee, PATTERN]...], "outside": [caller...],
                      "direct": [[caller, callee]...]}},
     "skipped": {NAME: why}}

Frames stand root first. A loose thread goes on meanwhile: its leaf's line is not compared. `via` are calls
that go through C, in a function whose name matches the pattern. It has a name only where the interpreter
has symbols, except below an `outside` caller, which calls C of another library. `direct` are calls from
Python to Python.
"""

import json
import os
import sys
import threading

PIPE, WRITE_END = os.pipe()  # nobody ever writes

threads = {}  # Python's own id of a thread -> (tid, case)
loose = set()  # tids
by_hand = {}  # Python's own id of a thread -> (frame, frames below it that Python does not tell)
calls = {}
skipped = {}


def tid():
    """The thread's id in the kernel. threading.get_native_id comes with 3.8 only."""
    return int(os.readlink("/proc/thread-self").split("/")[-1])


def enter(case):
    """The calling thread belongs to this case from now on."""
    threads[threading.current_thread().ident] = (tid(), case)


def block():
    os.read(PIPE, 1)


def busy():
    """The calling thread goes on in the function that has called this one."""
    loose.add(tid())
    say("busy %d" % tid())


def start(case, function, *args):
    """A thread of this case that runs function."""

    def begin():
        enter(case)
        function(*args)
    thread = threading.Thread(target=begin)
    thread.daemon = True
    thread.start()
    return thread


def say(line):
    os.write(1, (line + "\n").encode("ascii"))


def text(value):
    """A name of Python 2.7 is bytes, of any encoding."""
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


def described():
    found, frames = {}, sys._current_frames()
    for ident, (number, case) in threads.items():
        outer, inner = by_hand.get(ident, (frames.get(ident), []))
        found[number] = {"case": case, "frames": frames_of(outer) + inner, "loose": number in loose}
    return found


def write(path, found):
    """All at once: a reader never sees the half of it."""
    with open(path + ".new", "w") as file:
        json.dump({"threads": found, "calls": calls, "skipped": skipped}, file)
    os.rename(path + ".new", path)


def watch(path):
    os.read(0, 1)
    write(path, described())
    block()
