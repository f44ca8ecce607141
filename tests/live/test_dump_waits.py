"""pmp dump of programs that wait for futures, queues and locks of a library: a row for each case of
samples/hang/waits.py."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from hangs import check_rows, py_program  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import main, test  # noqa: E402

PY = py_program("waits")
NOT_BEGUN = r"waits for future 0x\w+ \(no worker of its pool of %d has begun it\)"
WORKER = r"thread \d+ \(ThreadPoolExecutor-\d+_\d\) "
MAIN = r"thread \d+ \(MainThread\) "
NAPS = r"sleeps, \d+.\d s are left in nap at waits.py:\d+"

# As in tests/harness/hangs.py.
ROWS = (
    (PY, "pool-of-four", "pool_deadlock", "certain",
     (r"all 4 workers of a pool wait for work of the same pool",
      WORKER + NOT_BEGUN % 4, MAIN + r"waits for future 0x\w+ \(of a thread pool\)")),
    (PY, "pool-of-one", "pool_deadlock", "certain",
     (r"the only worker of a pool waits for work of the same pool", WORKER + NOT_BEGUN % 1)),
    (PY, "pool-map", "pool_deadlock", "certain",
     (r"all 2 workers of a pool", WORKER + NOT_BEGUN % 2)),
    (PY, "pool-wait", "pool_deadlock", "certain",
     (r"all 2 workers of a pool", r"\(2 of 2 are not done, no worker of its pool of 2 has begun")),
    (PY, "pool-completed", "pool_deadlock", "certain",
     (r"all 2 workers of a pool", WORKER + NOT_BEGUN % 2)),
    (PY, "two-pools", "pool_deadlock", "certain",
     (r"the workers of pools wait for work of each other's pools",
      r"ThreadPoolExecutor-0_0\) " + NOT_BEGUN % 1, r"ThreadPoolExecutor-1_0\) " + NOT_BEGUN % 1)),
    (PY, "future-sleeps", "lock", "certain",
     (MAIN + r"waits for future 0x\w+ \(of a thread pool\), run by " + WORKER,
      WORKER + r".*" + NAPS)),
    (PY, "future-full", "wait", "likely",
     (MAIN + NOT_BEGUN % 2 + r", for one of " + WORKER[:-1] + r", " + WORKER,)),
    (PY, "future-lost", "wait", "likely", (r"\(pending, in no pool of this process\)",)),
    (PY, "pool-shutdown", "join", "certain", (r"waits for the end of " + WORKER, WORKER + NAPS)),
    (PY, "queue-empty", "lock", "likely",
     (r"\(producer\) waits for threading.Lock 0x\w+, perhaps held by thread \d+ \(holder\)",
      r"and 1 more wait with it", r"\(holder\) holds it and " + NAPS)),
    (PY, "queue-full", "lock", "likely",
     (MAIN + r"waits for queue.Queue 0x\w+ \(full, 10 of 10\), also used by thread \d+ "
      r"\(consumer\)", r"\(consumer\) .*" + NAPS)),
    (PY, "queue-alone", "wait", "likely", (r"queue.Queue 0x\w+ \(empty, no other thread uses it",)),
    (PY, "queue-join", "wait", "likely",
     (MAIN + r".*\(task_done is missing 3 times\), also used by thread \d+ \(worker\)",)),
    (PY, "queue-sentinel", "deadlock", "likely",
     (MAIN + r"waits for the end of thread \d+ \(worker\)",
      r"\(worker\) waits for queue.Queue 0x\w+ \(empty\), also used by " + MAIN)),
    (PY, "simple-queue", "lock", "likely",
     (MAIN + r"waits for queue.Queue 0x\w+ \(empty\), also used by thread \d+ \(producer\)",)),
    (PY, "queue-global", "lock", "likely",
     (MAIN + r"waits for queue.Queue 0x\w+ \(empty\), also used by thread \d+ \(put_late\)",)),
    (PY, "barrier", "lock", "likely",
     (r"waits for threading.Barrier 0x\w+ \(2 of 3 have arrived\), also used by thread \d+ "
      r"\(late\)", r"and 1 more wait with it")),
    (PY, "semaphore", "wait", "likely",
     (r"waits for threading.Semaphore 0x\w+ \(all 2 taken\), perhaps held by thread \d+ \(take\), "
      r"thread \d+ \(take\) as it is inside a with on it",)),
    (PY, "event", "lock", "likely",
     (r"waits for threading.Event 0x\w+, also used by thread \d+ \(setter\)",
      r"\(setter\) .*" + NAPS)),
    (PY, "condition", "lock", "likely",
     (r"waits for threading.Condition 0x\w+, also used by thread \d+ \(notifier\)",)),
    (PY, "condition-lock", "lock", "likely",
     (r"waits for threading.Lock 0x\w+, perhaps held by thread \d+ \(holder\) as it is inside a "
      r"with on it", r"\(holder\) holds it and " + NAPS)),
    (PY, "lock-twice", "lock", "likely",
     (MAIN + r"waits for threading.Lock 0x\w+, perhaps held by " + MAIN + r"as it is inside a with "
      r"on it in (lock_twice.<locals>.)?inner at waits.py:\d+",)),
    (PY, "acquire-twice", "lock", "likely",
     (MAIN + r"waits for threading.Lock 0x\w+ in acquire_twice at waits.py:\d+",)),
    (PY, "shutdown", "join", "certain",
     (MAIN + r"waits for the end of thread \d+ \(nap\)", r"\(nap\) " + NAPS)),
)
# Rows that need a later Python than 3.6.
SINCE = {"simple-queue": (3, 7)}


@test("objects of Python's library: who can end the wait, and how full or empty they are")
def _():
    version = tuple(int(part) for part in need_live_python().split(".")[:2])
    check_rows([row for row in ROWS if SINCE.get(row[1], version) <= version])


main()
