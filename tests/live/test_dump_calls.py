"""pmp dump of programs that sleep in system calls: a row for each case of samples/hang/calls.c."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from hangs import c_program, check_rows  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import check, main, note, run, test  # noqa: E402

C = c_program("calls")
LEFT = r", (at most )?(5\d|60).\d s are left in %s at calls.c:\d+"

# As in tests/harness/hangs.py.
ROWS = (
    (C, "fifo-read", "io", "certain",
     (r'openat\(AT_FDCWD, "/tmp/pmp-calls-\w+/in", O_RDONLY\), a FIFO that no process has open for '
      r"writing in open_fifo at calls.c:\d+",)),
    (C, "fifo-write", "io", "certain",
     (r'openat\(AT_FDCWD, "out" \(/tmp/pmp-calls-\w+/out\), O_WRONLY\), a FIFO that no process has '
      r"open for reading in ",)),
    (C, "fuse", "uninterruptible", "certain",
     (r'newfstatat\(AT_FDCWD, "/mnt/../mnt/shared/file", 0x[0-9a-f]+, 0x0\), on fuse.silent '
      r"box:/export at /mnt, served by process \d+ \(server\)",)),
    (C, "semop", "wait", "likely",
     (r"semtimedop\(\d+, \[semaphore 1 by -1\], 1, for ever\), a System V semaphore whose value is "
      r"0, last changed by process \d+ \(taker\) in semaphore_set at calls.c:\d+",)),
    (C, "msgrcv", "wait", "likely",
     (r"msgrcv\(\d+, .*\), a System V queue of 0 messages in message_queue at calls.c:\d+",)),
    (C, "mq", "wait", "likely",
     (r"mq_timedreceive\(\d+, 0x[0-9a-f]+, 8, NULL, for ever\) on fd \d+ \(file /pmp-\d+ ",)),
    (C, "sigwait", "idle", "likely",
     (r"waits for a signal in rt_sigtimedwait\(\[HUP USR1\], .*signal_wait at calls.c:\d+",)),
    (C, "poll-sleep", "sleep", "likely", ("sleeps" + LEFT % "poll_sleep",)),
    (C, "select-sleep", "sleep", "likely", ("sleeps" + LEFT % "select_sleep", "!at most")),
    (C, "nanosleep", "sleep", "likely", ("sleeps" + LEFT % "plain_nanosleep",)),
    (C, "usleep", "sleep", "likely", (r"sleeps, (at most )?0.\d s are left in short_sleeps at ",)),
    (C, "clock-absolute", "sleep", "likely", ("sleeps" + LEFT % "absolute_sleep", "!at most")),
    (C, "sem-timed", "wait", "likely",
     ("waits for semaphore 0x[0-9a-f]+" + LEFT % "timed_semaphore", "!at most")),
    (C, "cond-timed", "wait", "likely",
     ("waits for condition variable 0x[0-9a-f]+" + LEFT % "timed_condition", "!at most")),
    (C, "futex-absolute", "wait", "likely",
     ("waits for futex 0x[0-9a-f]+" + LEFT % "wait_until", "!at most")),
    (C, "futex-relative", "wait", "likely",
     ("waits for futex 0x[0-9a-f]+" + LEFT % "wait_for",)),
    (C, "setlkw", "file_lock", "certain",
     (r"fcntl\(\d+, F_SETLKW, F_WRLCK of 20 bytes from 10\) on fd \d+ \(file /tmp/pmp-calls-.*; "
      r"locked by \d+ locker\) in lock_range at",)),
    (C, "ofd", "file_lock", "certain",
     (r"fcntl\(\d+, F_OFD_SETLKW, F_WRLCK of 20 bytes from 10\) on fd .*; locked by \d+ lo",)),
    (C, "io-uring", "idle", "likely", (r"io_uring_enter\(.*\) on fd \d+ \(io_uring\)",)),
    (C, "inotify", "idle", "likely", (r"read\(.*\) on fd \d+ \(inotify\) in ",)),
    (C, "pidfd", "child", "certain",
     (r"waits for child \d+ \(nurse, state S\) in wait_pidfd at calls.c:\d+",)),
)
MOUNTS, RINGS, PIDFDS = "fuse", "io-uring", "pidfd"  # not on every kernel, not in every container


def is_possible(case):
    possible = case not in (MOUNTS, RINGS, PIDFDS) or not run(*C, case, "try").code
    if not possible:
        note("%s is not possible here" % case)
    return possible


@test("system calls: what is waited for, and what is left of the time")
def _():
    need_gdb()
    rows = [row for row in ROWS if is_possible(row[1])]
    check(len(rows) >= len(ROWS) - 3)
    check_rows(rows, dumps=2)


main()
