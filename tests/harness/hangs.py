"""Programs that hang in a known way, and the verdict of `pmp dump` on each.

    row = (PROGRAM, CASE, KIND, TRUST, PATTERNS, *OPTIONS)

PROGRAM: words of a command, CASE: its last word; it prints the pid of the process that hangs on a
line of its own. KIND, TRUST: the first words of the verdict. PATTERNS: regular expressions, each is
found in the verdict's lines; one that begins with "!" is not found there. OPTIONS: of pmp dump.
All verdicts of a process must have the same kind, trust and patterns. `make hangs` sets HANGS=all:
then each process of each table is dumped twice, and the rows run that are like others.
"""

import concurrent.futures
import os
import re

from tap import BUILD, PYTHON, ROOT, Target, check, equal, note, pmp

PARALLEL = 3  # rows at the same time
ALL = os.environ.get("HANGS") == "all"


def c_program(name):
    """The program of samples/hang/NAME.c."""
    return (os.path.join(BUILD, "samples", name),)


def py_program(name):
    """The program of samples/hang/NAME.py."""
    return (PYTHON, os.path.join(ROOT, "samples", "hang", name + ".py"))


def start_hang(program, case):
    """(Target, the pid that it prints: the process to dump)."""
    target = Target(*program, case, ready=r"(?m)^\d+$")
    return target, int(re.search(rb"(?m)^\d+$", target.said).group())


def check_verdict(out, kind, trust, patterns):
    """out: the text of `pmp dump`."""
    first, verdict = out.split("\n", 1)[0], out.split("\n\n", 1)[0]
    check(first.startswith("%s (%s): " % (kind, trust)), "wanted %s (%s)" % (kind, trust), out)
    for pattern in patterns:
        wanted = not pattern.startswith("!")
        found = re.search(pattern if wanted else pattern[1:], verdict)
        check(bool(found) == wanted, pattern, out)


def check_unharmed(pid):
    """No thread is traced or stopped by a debugger."""
    for tid in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/status" % (pid, tid), encoding="utf-8",
                      errors="replace") as file:
                status = file.read()
        except OSError:
            continue  # the thread has ended
        check("TracerPid:\t0\n" in status, "thread %s is traced" % tid)
        check("State:\tt" not in status, "thread %s is stopped" % tid)


def check_row(row, dumps):
    program, case, kind, trust, patterns, *options = row
    target, pid = start_hang(program, case)
    with target:
        for _ in range(2 if ALL else dumps):
            result = pmp("dump", "-p", pid, *options)
            equal(result.code, 0, result)
            check(not result.err, "stderr is not empty", result)
            check_verdict(result.out, kind, trust, patterns)
            check(target.process.poll() is None, "the target ended")
            check_unharmed(pid)


def check_rows(rows, dumps=1):
    """Checks all rows; a failure names its case. dumps: of each process."""
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        for row, done in [(row, pool.submit(check_row, row, dumps)) for row in rows]:
            try:
                done.result()
            except AssertionError as err:
                raise AssertionError("%s: %s" % (row[1], err))
    note("%d ways to hang" % len(rows))
