"""pmp dump of programs that wait for futures, queues and locks of a library, or for locks whose
owner does not exist: a row for each case of samples/hang/waits.py and forks.c."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from hangs import c_program, check_rows, py_program  # noqa: E402
from targets import need_gdb, need_live_python  # noqa: E402
from tap import ROOT, main, run, skip, temp_dir, test  # noqa: E402

C, PY = c_program("forks"), py_program("waits")
NOT_BEGUN = r"waits for future 0x\w+ \(no worker of its pool of %d has begun it\)"
WORKER = r"thread \d+ \(ThreadPoolExecutor-\d+_\d\) "
MAIN = r"thread \d+ \(MainThread\) "
NAPS = r"sleeps, (at most )?\d+.\d s are left in nap at waits.py:\d+"

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
    (PY, "future-sleeps", "sleep", "certain",
     (WORKER + NAPS + r", and " + MAIN + r"waits for it",
      MAIN + r"waits for future 0x\w+ \(of a thread pool\), run by " + WORKER
      + r"in future_sleeps at waits.py:\d+, through Future.result")),
    (PY, "future-full", "sleep", "likely",
     (WORKER + NAPS + r", and " + MAIN + r"waits for it",
      MAIN + NOT_BEGUN % 2 + r", for one of " + WORKER[:-1] + r", " + WORKER)),
    (PY, "future-lost", "wait", "likely",
     (r"\(pending, in no pool of this process\) in future_lost at waits.py:\d+, through",)),
    (PY, "pool-shutdown", "sleep", "certain",
     (WORKER + NAPS, r"waits for the end of " + WORKER + r"in pool_shutdown at waits.py:\d+")),
    (PY, "queue-empty", "lock", "likely",
     (r"\(holder\) may hold threading.Lock 0x\w+ and " + NAPS + ", and 2 threads wait for it",
      MAIN + r"waits for queue.Queue 0x\w+ \(empty\), also used by thread \d+ \(producer\)")),
    (PY, "queue-full", "sleep", "likely",
     (r"\(consumer\) " + NAPS,
      MAIN + r"waits for queue.Queue 0x\w+ \(full, 10 of 10\), also used by thread \d+ "
      r"\(consumer\)")),
    (PY, "queue-alone", "wait", "likely",
     (r"queue.Queue 0x\w+ \(empty, no other thread uses it\) in queue_alone at waits.py:\d+",)),
    (PY, "queue-join", "wait", "likely",
     (MAIN + r".*\(task_done is missing 3 times\), also used by thread \d+ \(worker\)",)),
    (PY, "queue-sentinel", "deadlock", "likely",
     (MAIN + r"waits for the end of thread \d+ \(worker\)",
      r"\(worker\) waits for queue.Queue 0x\w+ \(empty\), also used by " + MAIN)),
    (PY, "simple-queue", "sleep", "likely",
     (r"\(producer\) " + NAPS,
      MAIN + r"waits for queue.Queue 0x\w+ \(empty\), also used by thread \d+ \(producer\)")),
    (PY, "queue-global", "sleep", "likely",
     (MAIN + r"waits for queue.Queue 0x\w+ \(empty\), also used by thread \d+ \(put_late\)",)),
    (PY, "barrier", "sleep", "likely",
     (r"\(late\) " + NAPS + r", and 2 threads wait for it",
      r"waits for threading.Barrier 0x\w+ \(2 of 3 have arrived\), also used by .* \(late\)")),
    (PY, "semaphore", "lock", "likely",
     (r"\(take\) may hold threading.Semaphore 0x\w+ \(all 2 taken\) and " + NAPS,
      r"waits for threading.Semaphore 0x\w+ \(all 2 taken\), perhaps held by thread \d+ "
      r"\(take\), thread \d+ \(take\) as it is inside a with on it")),
    (PY, "event", "sleep", "likely",
     (r"\(setter\) " + NAPS,
      r"waits for threading.Event 0x\w+, also used by thread \d+ \(setter\)")),
    (PY, "condition", "sleep", "likely",
     (r"waits for threading.Condition 0x\w+, also used by thread \d+ \(notifier\)",)),
    (PY, "condition-lock", "lock", "likely",
     (r"\(holder\) may hold threading.Lock 0x\w+ and " + NAPS,
      r"perhaps held by thread \d+ \(holder\) as it is inside a with on it")),
    (PY, "lock-twice", "deadlock", "likely",
     (MAIN + r"waits for threading.Lock 0x\w+, perhaps held by itself as it is inside a with "
      r"on it in (lock_twice.<locals>.)?inner at waits.py:\d+",)),
    (PY, "acquire-twice", "lock", "likely",
     (MAIN + r"waits for threading.Lock 0x\w+ in acquire_twice at waits.py:\d+",)),
    (PY, "shutdown", "sleep", "certain",
     (r"\(nap\) " + NAPS,
      MAIN + r"waits for the end of thread \d+ \(nap\) \(at the end of the program\)")),
    (PY, "process-lock", "lock", "likely",
     (MAIN + r"waits for multiprocessing.Lock 0x\w+, held by process \d+ in process_lock at",)),
    (PY, "process-lock-twice", "deadlock", "certain",
     (r"waits for multiprocessing.Lock 0x\w+, which it holds itself, in process_lock_twice at",)),
    (PY, "process-lock", "lock", "certain",
     (r"process \d+ \(waits.py \S*\) holds multiprocessing.Lock 0x\w+ and " + NAPS,
      r"waits for multiprocessing.Lock 0x\w+, held by process \d+"), "--children"),
    (PY, "process-semaphore", "lock", "likely",
     (r"waits for multiprocessing.Lock 0x\w+ \(a semaphore\) in process_semaphore at",)),
    (PY, "process-queue-full", "wait", "likely",
     (r"waits for queue.Queue 0x\w+ \(full, 2 of 2, of multiprocessing\) in process_queue_full",)),
    (PY, "process-pool", "wait", "likely",
     (r"waits for future 0x\w+ \(MapResult of a multiprocessing pool, missing chunks: 1",
      r"in process_pool at waits.py:\d+")),
    (PY, "process-future", "wait", "likely",
     (r"waits for future 0x\w+ \(of a process pool: \d+\) in process_future at waits.py:\d+",)),
    (PY, "fork-rlock", "fork_lock", "certain",
     (MAIN + r"waits for threading.RLock 0x\w+, held by thread \d+ of the parent \d+ in fork_with "
      r"at waits.py:\d+", r"the lock was inherited over fork")),
    (PY, "fork-lock", "fork_lock", "likely",
     (MAIN + r"waits for threading.Lock 0x\w+, held by a thread of the parent \d+ in fork_with ",)),
)
C_ROWS = (
    (C, "inherited", "fork_lock", "certain",
     (r"waits for mutex 0x\w+ \(normal\), held by thread \d+ of the parent \d+ in inherited at "
      r"forks.c:\d+", r"the lock was inherited over fork")),
    (C, "ended", "lock", "certain",
     (r"waits for mutex 0x\w+ \(normal\), held by thread \d+ that does not exist in ended at "
      r"forks.c:\d+", r"that thread has ended and has not released the lock")),
    (C, "file", "lock", "certain",
     (r"holds mutex 0x\w+ \(of a FILE\) and waits for a signal .*in hold_stdout at forks.c:\d+",
      r"waits for mutex 0x\w+ \(of a FILE\), held by thread \d+ \(forks\) in file at forks.c")),
)
# (case of waits.cc, kind, trust, patterns); the same of waits.rs.
CC_ROWS = (
    ("mutex", "lock", "certain",
     (r"holds mutex 0x\w+ \(normal\) and sleeps, .* s are left in nap at waits.cc:\d+",
      r"held by thread \d+ \(program\) in mutex at waits.cc:\d+")),
    ("future", "wait", "likely", (r"waits for future 0x\w+ in future at waits.cc:\d+",)),
    ("async", "sleep", "certain",
     (r"in nap at waits.cc:\d+", r"waits for the end of thread \d+ .*in async at waits.cc:\d+")),
    ("semaphore", "wait", "likely",
     (r"waits for semaphore 0x\w+ in semaphore at waits.cc:\d+",)),
    ("latch", "wait", "likely", (r"waits for barrier 0x\w+ in latch at waits.cc:\d+",)),
)
RS_ROWS = (
    ("mutex", "lock", "likely", (r"waits for mutex 0x\w+ in waits::mutex at waits.rs:\d+",)),
    ("condvar", "wait", "likely",
     (r"waits for condition variable 0x\w+ in waits::condvar at waits.rs:\d+",)),
    ("channel", "wait", "likely", (r"waits for channel.* in waits::channel at waits.rs:\d+",)),
    ("park", "wait", "likely", (r"in waits::park at waits.rs:\d+",)),
)
# Rows that need a later Python than 3.6.
SINCE = {"simple-queue": (3, 7)}


@test("objects of Python's library: who can end the wait, and how full or empty they are")
def _():
    version = tuple(int(part) for part in need_live_python().split(".")[:2])
    check_rows([row for row in ROWS if SINCE.get(row[1], version) <= version])


@test("mutexes whose owner is no thread of the process, and the lock of a FILE")
def _():
    need_gdb()
    check_rows(C_ROWS)


def compiled_rows(rows, compiler, source, *options):
    """Rows for a program of samples/hang; a skip if it cannot be compiled here."""
    need_gdb()
    if shutil.which(compiler) is None:
        skip("no " + compiler)
    path = os.path.join(temp_dir(), "program")
    if run(compiler, "-g", *options, "-o", path, os.path.join(ROOT, "samples", "hang", source),
           limit=200).code:
        skip("%s cannot compile %s" % (compiler, source))
    return [((path,),) + row for row in rows]


@test("C++: std::mutex, future, async, counting_semaphore, latch")
def _():
    check_rows(compiled_rows(CC_ROWS, os.environ.get("CXX", "c++"), "waits.cc", "-std=c++20",
                             "-O1", "-pthread"))


@test("Rust: Mutex, Condvar, mpsc, park")
def _():
    check_rows(compiled_rows(RS_ROWS, "rustc", "waits.rs", "-O"))


main()
