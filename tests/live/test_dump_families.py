"""pmp dump of families of processes: a row for each case of samples/hang/families.*."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from hangs import c_program, check_rows, py_program  # noqa: E402
from targets import need_gdb, need_live_python  # noqa: E402
from tap import main, test  # noqa: E402

C, PY = c_program("families"), py_program("families")

# As in tests/harness/hangs.py.
LOAD = (
    (C, "server-80", "busy", "certain",
     (r"\(families\) .*\d+ % of a CPU in the [\d.]+ s before the stop",
      r" in (server_80|burn) at families.c:\d+")),
    (C, "livelock", "sleep", "likely",
     (r"in 5 looks over .*; it ran \d+ times: it polls, or a livelock", "!it is blocked"),
     "--interval", "0.2"),
    (C, "reader-80", "busy", "certain", (r"\(families\) .*\d+ % of a CPU in the",)),
)

FAMILIES = (
    (C, "prefork", "io", "certain",
     (r"\A.*process \d+ \(families: worker\) is blocked in recvfrom.* in fetch at families.c:\d+",
      r"3 other children of process \d+ do all the same: \d+, \d+, \d+"), "--children"),
    (C, "prefork-busy", "busy", "certain",
     (r"\A.*process \d+ \(families: worker\) is on CPU in burn at families.c:\d+; \d+ % of a CPU",
      r"3 other children of process \d+ do all the same"), "--children"),
    (C, "prefork-idle", "idle", "likely",
     (r"\A.*process \d+ \(families: worker\) .* LISTEN", r"3 more processes do the same: \d+"),
     "--children"),
    (C, "prefork-title", "lock", "likely",
     (r"\A.*process \d+ \(postgres: app db \[local\] UPDATE waiting\) waits for a lock, as its "
      r"title says",), "--children"),
    (C, "zombie-child", "io", "certain",
     (r"\A.*process \d+ \(families\) is blocked in recvfrom", "!zombie"), "--children"),
    (PY, "workers-fetch", "io", "certain",
     (r"\A.*process \d+ \(families.py workers-fetch\) is blocked in recvfrom.* in fetch at "
      r"families.py:\d+", r"3 other children of process \d+ do all the same"), "--children"),
    (PY, "spawned", "io", "certain",
     (r"\A.*process \d+ \(multiprocessing.spawn\) is blocked in recvfrom.* in fetch at "
      r"families.py:\d+.*, and process \d+ \(families.py spawned\) waits for it",), "--children"),
)

# A plain dump follows the waits into other processes.
HOPS = (
    (C, "stopped-writer", "stopped", "certain",
     (r"\A.*process \d+ \(writer\) was stopped by SIGSTOP \(19\), and process \d+ \(families\) "
      r"waits for it; kill -CONT \d+",
      r"read.*\(pipe; the other end: \d+ writer, stopped by a signal\) in read_from at")),
    (C, "stopped-unix", "stopped", "certain",
     (r"\A.*process \d+ \(answerer\) was stopped by SIGSTOP",
      r"\(unix; the other end: \d+ answerer, stopped by a signal\) in fetch at families.c:\d+")),
    (C, "poll-stopped", "stopped", "certain",
     (r"\A.*process \d+ \(tool\) was stopped by SIGSTOP", r"poll\(.*in poll_stopped at")),
    (C, "chain", "io", "likely",
     (r"\A.*process \d+ \(last\) is blocked in recvfrom.*, and 2 threads wait for it",
      r"process \d+ \(families\) is blocked in read.* in read_from at families.c:\d+",
      r"process \d+ \(middle\) is blocked in read", r"pmp dump -p \d+ shows its stack")),
    (C, "lock-in-child", "file_lock", "certain",
     (r"\A.*process \d+ \(keeper\) holds fd \d+ \(file /tmp/pmp-families-.* and is blocked in "
      r"recvfrom", r"process \d+ \(families\) is blocked in flock.* in lock_in_child at")),
    (C, "pty-child", "io", "likely",
     (r"\A.*process \d+ \(shell\) is blocked in recvfrom",
      r"read.*\(device /dev/ptmx; the other end: \d+ shell\)")),
    (C, "fifo-child", "io", "likely",
     (r"\A.*process \d+ \(feeder\) is blocked in recvfrom",
      r"read.*\(pipe /tmp/pmp-families-\d+ \(deleted\); the other end: \d+ feeder\)")),
    (C, "child-recv", "io", "certain",
     (r"\A.*process \d+ \(getter\) is blocked in recvfrom.*, and process \d+ \(families\) waits",
      r"waits for child \d+ \(getter, state S\) in child_recv at")),
    (C, "no-answer", "io", "certain",
     (r"\A.*process \d+ \(families\) is blocked in recvfrom.*; the other end: \d+ server",
      r"the other end, process \d+ \(server\), is blocked in epoll_wait.*LISTEN")),
    (PY, "run-child", "io", "likely",
     (r"\A.*process \d+ \(python3\) is blocked in recvfrom",
      r"\(families.py run-child\) is blocked in poll.* in run_child at families.py:\d+")),
)


@test("a thread that uses a CPU or wakes up is neither idle nor blocked")
def _():
    need_gdb()
    check_rows(LOAD)


@test("--children: the worker that hangs, and not its master, a helper or a zombie")
def _():
    need_live_python()
    check_rows(FAMILIES)


@test("a plain dump looks at the process for which it waits")
def _():
    need_live_python()
    check_rows(HOPS)


main()
