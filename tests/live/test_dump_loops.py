"""pmp dump of event loops and gevent's hubs: a row for each case of samples/hang/loops.py and
greenlets.py."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from hangs import ALL, check_rows, py_program  # noqa: E402
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
    (PY, "blocked-result", "sleep", "certain",
     (r"the event loop is blocked by Task-9, which waits for future .* in \S*fetch at loops.py:\d+"
      r", through Future.result; 8 tasks wait",)),
    (PY, "blocked-child", "sleep", "certain",
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
     (r"task Task-\d in \S*consume at loops.py:\d+ awaits a queue, and nothing that is",)),
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
DEADLOCK = (r"2 greenlets wait for each other",
            r"greenlet one in \S*one at greenlets.py:\d+ waits for %s greenlet two",
            r"greenlet two in \S*two at greenlets.py:\d+ waits for %s greenlet one")
GREENLETS = (
    ("semaphores", "deadlock", "likely", "a semaphore, perhaps held by"),
    ("rlocks", "deadlock", "certain", "an RLock, held by"),
    ("joins", "deadlock", "certain", "the end of"),
    ("patched-locks", "deadlock", "likely", "a lock, perhaps held by"),
    ("patched-rlocks", "deadlock", "certain", "an RLock, held by"),
    ("blocked-sleep", "sleep", "certain",
     (r"the hub is blocked by greenlet handle, which sleeps, \d+.\d s are left in .* at "
      r"greenlets.py:\d+; 6 greenlets wait",)),
    ("blocked-spin", "busy", "certain",
     (r"the hub (is blocked by|runs) greenlet handle, which is on CPU in \S*crunch at "
      r"greenlets.py:\d+; 6 greenlets wait",)),
    ("blocked-recv", "io", "certain",
     (r"the hub is blocked by greenlet handle, which is blocked in recvfrom.* \(tcp .* at "
      r"greenlets.py:\d+; 6 greenlets wait",)),
    ("empty-queue", "greenlet", "likely",
     (r"greenlet consume in \S*consume at greenlets.py:\d+ waits for a queue",)),
    ("event", "greenlet", "likely",
     (r"greenlet wait_for_it in \S*wait_for_it at greenlets.py:\d+ waits for an event",)),
    ("result", "greenlet", "likely",
     (r"greenlet ask in \S*ask at greenlets.py:\d+ waits for a result",)),
    ("patched-queue", "greenlet", "likely",
     (r"greenlet Thread-1 \(consume\) in \S*consume at greenlets.py:\d+ waits for a queue",)),
    ("peer", "io", "likely",
     (r"greenlet fetch in \S*fetch at greenlets.py:\d+ waits for data of a socket",)),
    ("server", "idle", "likely", (r"nothing says that it hangs", r"LISTEN")),
    ("naps", "sleep", "likely",
     (r"greenlet nap in \S*nap at greenlets.py:\d+ sleeps, \d+.\d s are left; 4 greenlets wait",)),
)
UVLOOP = ("blocked-callback", "server")
# Cases like others, which only `make hangs` runs.
MORE = ("blocked-recv", "blocked-result", "blocked-child", "blocked-protocol", "lost-event",
        "kept-future", "naps", "stream")
MORE_GREENLETS = ("rlocks", "patched-locks", "blocked-spin", "blocked-recv", "empty-queue", "event",
                  "result", "naps")


def debian(script):
    return (DEBIAN, os.path.join(ROOT, "samples", "hang", script))


def need_module(name):
    """Skips if Debian's Python has no module of this name."""
    if not os.path.exists(DEBIAN):
        skip(DEBIAN + " is missing")
    if subprocess.run([DEBIAN, "-c", "import " + name], stderr=subprocess.DEVNULL).returncode:
        skip("the module %s is missing (Debian: python3-%s)" % (name, name))


def need_tasks():
    if tuple(map(int, need_live_python().split(".")[:2])) < (3, 8):
        skip("asyncio's tasks are read from Python 3.8 on")


def greenlet_rows():
    for case, kind, trust, says in GREENLETS:
        if isinstance(says, str):
            says = [text.replace("%s", says) for text in DEADLOCK]
        yield debian("greenlets.py"), case, kind, trust, says


@test("asyncio: what blocks the loop, what a task waits for, what no one can wake")
def _():
    need_tasks()
    check_rows([row for row in ROWS if ALL or row[1] not in MORE])


@test("uvloop: the same")
def _():
    need_live_python()
    need_module("uvloop")
    check_rows([(debian("loops.py"), "uv-" + row[1], *row[2:4], row[4][:1]) for row in ROWS
                if row[1] in UVLOOP])


@test("gevent: greenlets' own stacks, what they wait for, and what blocks the hub")
def _():
    need_live_python()
    need_module("gevent")
    check_rows([row for row in greenlet_rows() if ALL or row[1] not in MORE_GREENLETS])


main()
