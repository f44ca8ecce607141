"""pmp dump of programs that hang in a known way: a row for each case of samples/hang."""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stress"))
import deadlocks  # noqa: E402
from hangs import c_program, check_rows, py_program, start_hang  # noqa: E402
from targets import need_gdb, need_live_python  # noqa: E402
from tap import BUILD, Target, check, equal, main, pmp, run, skip, temp_dir, test  # noqa: E402

C, PY = c_program("hang"), py_program("hang")

# As in tests/harness/hangs.py.
ROWS = (
    (C, "deadlock", "deadlock", "certain",
     (r"thread \d+ \(ab\) waits for mutex 0x[0-9a-f]+ \(normal\), held by thread \d+ \(ba\) in "
      r"take_first_second at hang.c:\d+",
      r"thread \d+ \(ba\) waits for mutex 0x[0-9a-f]+ \(normal\), held by thread \d+ \(ab\) in "
      r"take_second_first at hang.c:\d+")),
    (C, "again", "deadlock", "certain",
     (r"waits for mutex 0x[0-9a-f]+ \(normal\), which it holds itself, in again at hang.c:\d+",)),
    (C, "lock-recv", "lock", "certain",
     (r"\(receiver\) holds mutex 0x[0-9a-f]+ \(normal\) and is blocked in recvfrom\(\d+, .* on "
      r"fd \d+ \(tcp 127.0.0.1:\d+ to 127.0.0.1:\d+, ESTABLISHED, .*in receive_locked at "
      r"hang.c:\d+, and thread \d+ \(hang\) waits for it",
      r"waits for mutex 0x[0-9a-f]+ \(normal\), held by thread \d+ \(receiver\) in lock_recv at "
      r"hang.c:\d+")),
    (C, "join", "sleep", "certain",
     (r"\(napper\) sleeps, .*\d+.\d s are left in nap at hang.c:\d+, and thread \d+ \(hang\) wait",
      r"waits for the end of thread \d+ \(napper\) in join at hang.c:\d+")),
    (C, "rwlock", "lock", "certain",
     (r"\(writer\) holds rwlock 0x[0-9a-f]+ and ",
      r"waits for rwlock 0x[0-9a-f]+, held by thread \d+ \(writer\)")),
    (C, "condition", "wait", "likely",
     (r"waits for condition variable 0x[0-9a-f]+ in condition at hang.c:\d+",)),
    (C, "semaphore", "wait", "likely",
     (r"waits for semaphore 0x[0-9a-f]+ in semaphore at hang.c:\d+",)),
    (C, "pipe", "sleep", "likely",
     (r"\(feeder\) sleeps, 5\d.\d s are left, and process \d+ \(hang\) waits for it",
      r"read\(\d+, 0x[0-9a-f]+, 1\) on fd \d+ \(pipe; the other end: \d+ feeder\) in pipe_read",)),
    (C, "tcp", "io", "certain",
     (r"recvfrom.* on fd \d+ \(tcp 127.0.0.1:\d+ to 127.0.0.1:\d+, ESTABLISHED, 0 bytes to "
      r"read, 0 to send; the other end: \d+ hang\) in tcp at",)),
    (C, "file-lock", "file_lock", "certain",
     (r"flock\(\d+, 2\) on fd \d+ \(file /tmp/pmp-hang-\S+ \(deleted\); locked by \d+ keeper\)",)),
    (C, "vfork", "sleep", "certain",
     (r"\(hesitant\) sleeps, .*, and process \d+ \(hang\) waits for it",
      r"waits for a child \d+ \(hesitant, state S\)",)),
    (C, "zombie", "zombie", "certain",
     (r"process \d+ \(hang\) has ended; its parent \d+ \(hang\) has not waited for it",)),
    (C, "child", "sleep", "certain",
     (r"\(slow\) sleeps, 5\d.\d s are left, and process \d+ \(hang\) waits for it",
      r"waits for child \d+ \(slow, state S\) in child at hang.c:\d+",)),
    (C, "spin", "busy", "certain",
     (r"is on CPU in spin at hang.c:\d+",
      r"the same \d+ frames in 3 looks over 0.\d s; its CPU time grew by 0.\d+ s: it spins"),
     "--interval", "0.3", "--looks", "3"),
    (C, "idle", "idle", "likely", (r"nothing says that it hangs", r"epoll_wait.* LISTEN")),
    (C, "sleep", "sleep", "likely",
     (r"sleeps, (at most )?(5\d|60).\d s are left in napping at hang.c:\d+",)),
    (C, "stopped", "stopped", "certain",
     (r"process \d+ \(hang\) was stopped by SIGSTOP \(19\); kill -CONT \d+ lets it go on",)),
    (C, "two-pipes", "deadlock", "likely",
     (r"process \d+ \(hang\) is blocked in read.*: waits for process \d+ \(answerer\)",
      r"process \d+ \(answerer\) is blocked in read.*: waits for process \d+ "
      r"\(hang\)"), "--children"),
    (PY, "deadlock", "deadlock", "likely",
     (r"\(one\) waits for threading.Lock 0x[0-9a-f]+, perhaps held by thread \d+ \(two\) .* at "
      r"hang.py:\d+",
      r"\(two\) waits for threading.Lock 0x[0-9a-f]+, perhaps held by thread \d+ \(one\) .* at "
      r"hang.py:\d+")),
    (PY, "rlocks", "deadlock", "certain",
     (r"\(one\) waits for threading.RLock 0x[0-9a-f]+, held by thread \d+ \(two\)",)),
    (PY, "lock-recv", "lock", "likely",
     (r"\(fetch\) may hold threading.Lock 0x[0-9a-f]+ and is blocked in recvfrom\(\d+.* \(tcp .* "
      r"in .*fetch at hang.py:\d+, and thread",
      r"\(MainThread\) waits for threading.Lock 0x[0-9a-f]+, perhaps held by .* \(fetch\)")),
    (PY, "gil", "gil", "certain",
     (r"\(MainThread\) holds the GIL and sleeps, .* in gil at hang.py:\d+, and 20 threads wait",
      r"waits for the GIL")),
    (PY, "join", "sleep", "certain",
     (r"\(nap\) sleeps, \d+.\d s are left in .*nap at .*, and thread \d+ \(MainThread\) waits",
      r"waits for the end of thread \d+ \(nap\)")),
    (PY, "queue", "wait", "likely",
     (r"waits for queue.Queue 0x[0-9a-f]+ \(empty, no other thread uses it\) in ",)),
    (PY, "event", "wait", "likely",
     (r"waits for threading.Event 0x[0-9a-f]+ \(no other thread uses it\) in ",)),
    (PY, "tcp", "io", "certain", (r"recvfrom.* on fd \d+ \(tcp .* in tcp at hang.py:\d+",)),
    (PY, "child", "sleep", "certain",
     (r"\(sleep\) sleeps, 5\d.\d s are left, and process \d+ \(hang.py child\) waits for it",
      r"waits for child \d+ \(sleep, state S\) in ",)),
    (PY, "spin", "busy", "certain", (r"is on CPU in ",)),
    (PY, "sleep", "sleep", "likely", (r"sleeps, \d+.\d s are left in sleep at hang.py:\d+",)),
    (PY, "tasks", "deadlock", "certain",
     (r"2 tasks of asyncio's await each other",
      r"task Task-2 in .*await_other at hang.py:\d+ awaits task Task-3",
      r"task Task-3 in .*await_other at hang.py:\d+ awaits task Task-2")),
    (PY, "task-locks", "deadlock", "likely",
     (r"task Task-2 in .* at hang.py:\d+ awaits a lock, perhaps held by task Task-3",)),
    (PY, "server", "idle", "likely", (r"nothing says that it hangs", r"LISTEN")),
)


# Rows that need a later Python than 3.6.
SINCE = {"gil": (3, 7), "tasks": (3, 8), "task-locks": (3, 8), "server": (3, 7)}


def rows_of(program, version=(3, 99)):
    return [row for row in ROWS if row[0] is program and SINCE.get(row[1], version) <= version]


@test("C programs: the verdict, its threads and descriptors, file and line")
def _():
    need_gdb()
    check_rows(rows_of(C))


@test("Python programs: the verdict, its threads and descriptors, file and line")
def _():
    version = tuple(int(part) for part in need_live_python().split(".")[:2])
    check_rows(rows_of(PY, version))


def as_json(*words):
    result = pmp("dump", "--json", *words)
    equal(result.code, 0, result)
    return json.loads(result.out)


@test("--json has the verdict of the text, and --locals adds the locals")
def _():
    need_live_python()
    target, pid = start_hang(PY, "deadlock")
    with target:
        report = as_json("-p", pid, "--locals")
    equal((report["pmp_dump"], report["verdict"]["kind"], report["verdict"]["trust"]),
          (1, "deadlock", "likely"))
    equal(len(report["verdict"]["threads"]), 2)
    threads = {thread["tid"]: thread for group in report["groups"] for thread in group["threads"]}
    one, two = (threads[thread["tid"]] for thread in report["verdict"]["threads"])
    equal((one["waits"]["candidates"], two["waits"]["candidates"]), ([two["tid"]], [one["tid"]]))
    equal({one["name"], two["name"]}, {"one", "two"})
    values = {local["name"]: local["value"] for group in report["groups"]
              for frame in group["stack"]
              for local in frame.get("locals", ()) if frame["name"].endswith("in_both_orders")}
    check(re.match(r"\[<(threading\.)?Event at 0x[0-9a-f]+>, <", values["met"]), values)
    check(re.match(r"<_thread.lock at 0x[0-9a-f]+>", values["first"]), values)
    equal([process["pid"] for process in report["processes"]], [pid])


@test("the text of --save-raw gives the same verdict, and pmp fold reads it")
def _():
    need_gdb()
    raw = os.path.join(temp_dir(), "raw")
    target, pid = start_hang(C, "deadlock")
    with target:
        out = pmp("dump", "-p", pid, "--save-raw", raw).out
    again = pmp("dump", raw)
    equal(again.code, 0, again)
    equal(again.out.split("\n\n")[0], out.split("\n\n")[0])
    folded = pmp("fold", raw)
    check("take_first_second" in folded.out and not folded.err, folded)


@test("a process that is already traced gets a report from the kernel's data")
def _():
    need_gdb()
    target, pid = start_hang(C, "tcp")
    with target:
        holder = Target("gdb", "-nx", "-batch", "-p", str(pid), "-ex",
                        "shell echo ready 1; sleep 60", ready="ready")
        with holder:
            result = pmp("dump", "-p", pid)
        equal(result.code, 0, result)
        wanted = r"traced \(certain\): process %d \(hang\) is held by the debugger \d+ \(gdb\)"
        check(re.match(wanted % pid, result.out), result)
        check("not read: stacks: " in result.out, result)


@test("no deadlock is reported for correct programs")
def _():
    need_live_python()
    check(deadlocks.run(2), "a deadlock")


@test("a dump shows all threads at one instant")
def _():
    need_gdb()
    raw, inside = os.path.join(temp_dir(), "raw"), []
    with Target(os.path.join(BUILD, "tests", "harness", "programs", "exclusive")) as target:
        result = pmp("dump", "-p", target.pid, "--interval", "0.03", "--looks", 60, "--save-raw",
                     raw)
        equal(result.code, 0, result)
        target.check_unharmed()
    with open(raw, encoding="utf-8") as file:
        for sample in file.read().split("~pmp begin ")[1:]:
            inside.append(sample.count(" in exclusive ("))
    equal(len(inside), 60)
    check(max(inside) == 1, "two threads in the exclusive section: %s" % inside)


def core_of(program, case):
    """(path of a core file of a hung process, its pid)."""
    if not shutil.which("gcore"):
        skip("gcore is missing (it comes with gdb)")
    target, pid = start_hang(program, case)
    with target:
        prefix = os.path.join(temp_dir(), "core")
        run("gcore", "-o", prefix, str(pid))
    return "%s.%d" % (prefix, pid), pid


@test("a core file gives the same verdicts, with Python frames")
def _():
    need_live_python()
    rows = ((C, "deadlock", r"deadlock \(certain\): .*\n"
                            r".* waits for mutex .* in take_first_second at hang.c"),
            (PY, "deadlock", r"deadlock \(likely\): .*\n.* \((one|two)\) waits for threading.Lock"),
            (PY, "tasks", r"deadlock \(certain\): 2 tasks of asyncio's"))
    for program, case, wanted in rows:
        core, pid = core_of(program, case)
        result = pmp("dump", "--core", core)
        equal(result.code, 0, result)
        check(re.match(wanted, result.out), wanted, result)
        check("process %d (" % pid in result.out, result)
        check("a core file has nothing of /proc" in result.out, result)
        if case == "tasks":
            check(re.search(r"(?m)^    (tasks\.<locals>\.)?await_other \(hang.py:\d+\)$",
                            result.out), result)


@test("a packed core file of a program that crashed")
def _():
    need_gdb()
    core = os.path.join(temp_dir(), "core")
    run("gdb", "-nx", "-batch", "-ex", "run", "-ex", "generate-core-file " + core, "--args", *C,
        "crash")
    run("gzip", core)
    result = pmp("dump", "--core", core + ".gz")
    equal(result.code, 0, result)
    check(re.match(r"crash \(certain\): thread \d+ \(hang\) was ended by SIGSEGV \(11\) at address "
                   r"0x8 in crash at hang.c:\d+", result.out), result)
    other = pmp("dump", "--core", core + ".gz", "/bin/true")
    equal(other.code, 0, other)
    check("it is not the file that the core is of" in other.out, other)
    result = pmp("dump", "--core", C[0])
    equal((result.code, "it is no core file" in result.err), (8, True), result)


@test("a missing process and wrong arguments are errors")
def _():
    equal(pmp("dump", "-p", 4194303).code, 3)
    equal(pmp("dump").code, 2)
    equal(pmp("dump", "-p", 1, "file").code, 2)
    equal(pmp("dump", "-p", 1, "--looks", 3).code, 2)


main()
