"""pmp dump of event loops and gevent's hubs: a row for each case of samples/hang/loops.py and
greenlets.py."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from hangs import check_rows, py_program  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import ROOT, main, skip, test  # noqa: E402

PY = py_program("loops")
DEBIAN = "/usr/bin/python3"  # has the modules of Debian's packages

# As in tests/harness/hangs.py.
ROWS = (
    (PY, "blocked-sleep", "sleep", "certain",
     (r"^sleep .*the event loop is blocked by Task-9, which sleeps, \d+.\d s are left in handle at "
      r"loops.py:\d+; 8 tasks wait",
      r"the event loop has handled no event for \d+.\d s")),
    (PY, "blocked-recv", "io", "certain",
     (r"the event loop is blocked by Task-9, which is blocked in recvfrom.* on fd \d+ \(tcp .*in "
      r"\S*fetch at loops.py:\d+; 8 tasks wait",)),
    (PY, "blocked-lock", "lock", "likely",
     (r"the event loop is blocked by Task-9, which waits for threading.Lock 0x\w+, perhaps held by "
      r"thread \d+ \(keeper\).* in \S*update at loops.py:\d+; 8 tasks wait",
      r"thread \d+ \(keeper\) sleeps, .*keep at loops.py:\d+")),
    (PY, "blocked-result", "wait", "likely",
     (r"the event loop is blocked by Task-9, which waits for .* in \S*fetch at loops.py:\d+, "
      r"through Future.result; 8 tasks wait",)),
    (PY, "blocked-child", "child", "certain",
     (r"the event loop is blocked by Task-9, which waits for child \d+ \(sleep, state S\) in "
      r"\S*convert at loops.py:\d+, through run; 8 tasks wait",)),
    (PY, "blocked-spin", "busy", "certain",
     (r"the event loop is blocked by Task-9, which is on CPU in spin at loops.py:\d+; 8 tasks",)),
    (PY, "blocked-callback", "sleep", "certain",
     (r"the event loop is blocked by a callback, which sleeps, .*on_timer at loops.py:\d+",)),
    (PY, "blocked-protocol", "sleep", "certain",
     (r"the event loop is blocked by a callback, which sleeps, .*data_received at loops.py:\d+",)),
    (PY, "blocked-thread", "sleep", "certain",
     (r"the event loop of thread \d+ \(loop\) is blocked by Task-9, which sleeps, ",)),
    (PY, "worker-thread", "io", "likely",
     (r"task Task-1 in \S*main at loops.py:\d+ awaits thread \d+ \(asyncio_0\), which is blocked "
      r"in recvfrom.*read_all at loops.py:\d+",)),
    (PY, "lost-future", "asyncio", "likely",
     (r"task Task-1 in \S*main at loops.py:\d+ awaits a future, and nothing that is alive",)),
    (PY, "lost-lock", "asyncio", "likely",
     (r"task Task-1 in \S*main at loops.py:\d+ awaits a lock, and nothing that is alive",)),
    (PY, "lost-event", "asyncio", "likely",
     (r"task Task-1 in \S*main at loops.py:\d+ awaits an event, and nothing that is alive can",)),
    (PY, "lost-queue", "asyncio", "likely",
     (r"task Task-\d in \S*consume at loops.py:\d+ awaits a queue, and nothing that is can",)),
    (PY, "kept-future", "sleep", "likely",
     (r"task Task-2 in nap at loops.py:\d+ sleeps, \d+.\d s are left; 2 tasks wait", "!alive")),
    (PY, "asked", "asyncio", "likely",
     (r"task Task-1 in \S*ask at loops.py:\d+ awaits a future", "!alive")),
    (PY, "semaphores", "deadlock", "likely",
     (r"2 tasks of asyncio's await each other",
      r"task Task-\d in \S*take at loops.py:\d+ awaits a semaphore, perhaps held by task Task-\d")),
    (PY, "busy-semaphore", "sleep", "likely", (r"task Task-3 in nap at loops.py:\d+ sleeps",)),
    (PY, "lock-twice", "deadlock", "likely",
     (r"task Task-1 in \S*main at loops.py:\d+ awaits a lock, perhaps held by task Task-1",)),
    (PY, "wait-for", "asyncio", "likely",
     (r"task Task-1 in \S*main at loops.py:\d+ awaits an event, \d+.\d s are left", "!alive")),
    (PY, "naps", "sleep", "likely",
     (r"task Task-\d in nap at loops.py:\d+ sleeps, \d+.\d s are left; 4 tasks wait",)),
    (PY, "server", "idle", "likely", (r"nothing says that it hangs", r"LISTEN.*; 2 tasks wait")),
    (PY, "stream", "io", "likely",
     (r"task Task-1 in \S*main at loops.py:\d+ awaits data of a stream",)),
)
UVLOOP = ("blocked-sleep", "blocked-callback", "blocked-protocol", "server", "stream")


def debian(script):
    return (DEBIAN, os.path.join(ROOT, "samples", "hang", script))


def need_module(name):
    """Skips if Debian's Python has no module of this name."""
    if not os.path.exists(DEBIAN):
        skip(DEBIAN + " is missing")
    if subprocess.run([DEBIAN, "-c", "import " + name], stderr=subprocess.DEVNULL).returncode:
        skip("the module %s is missing (Debian: python3-%s)" % (name, name))


@test("asyncio: what blocks the loop, what a task waits for, what no one can wake")
def _():
    if tuple(map(int, need_live_python().split(".")[:2])) < (3, 8):
        skip("asyncio's tasks are read from Python 3.8 on")
    check_rows(ROWS)


@test("uvloop: the same")
def _():
    need_live_python()
    need_module("uvloop")
    check_rows([(debian("loops.py"), "uv-" + row[1], *row[2:4], row[4][:1]) for row in ROWS
                if row[1] in UVLOOP])


main()
