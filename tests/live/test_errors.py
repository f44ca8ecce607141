#!/usr/bin/env python3
"""Errors before and during a run, on live processes: pmp's message, its exit code, the results that
it still writes, and that the target is unharmed."""

import concurrent.futures
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from tap import (PMP, PYTHON, Target, check, children, equal, main, pmp, proc_status, run, skip,
                 temp_dir, test)
from targets import await_samples, gdbs_of, need_gdb, samples_of, start_pmp

MODES = ("seize", "plain")
BUSY = "import time\nprint('ready 1', flush=True)\n" \
       "end = time.time() + %s\nwhile time.time() < end: pass\n"
BUSY_WHILE = "import os, sys\nprint('ready 1', flush=True)\n" \
             "while os.path.exists(sys.argv[1]): pass\n"
NO_PROCESS, NOT_PERMITTED, NO_GDB, TRACED, TIMEOUT = 3, 4, 5, 6, 7
SHORT_TIMEOUTS = {"PMP_DEADLINES": "start=0.7,close=0.2"}


def busy(seconds=60):
    return Target(PYTHON, "-c", BUSY % seconds)


def script(text, name="gdb"):
    path = os.path.join(temp_dir(), name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    os.chmod(os.path.dirname(path), 0o755)
    return path


def is_error(result, code, *parts):
    """Checks: this exit code, one line on stderr with all parts in it, nothing on stdout."""
    equal(result.code, code, result)
    lines = result.err.splitlines()
    check(len(lines) == 1 and lines[0].startswith("pmp: "), "not one line", result)
    for part in parts:
        check(re.search(part, result.err), "no %r in it" % part, result)
    equal(result.out, "", "nothing on stdout")


def is_report(text, what=""):
    check(re.search(r"^samples: +\d+ asked, [1-9]\d* taken", text, re.M), "no results: %s" % what,
          text)


def unused_pid():
    with open("/proc/sys/kernel/pid_max", encoding="ascii") as file:
        top = min(int(file.read()), 4194304)
    for pid in range(top - 1, 1, -1):
        if not os.path.exists("/proc/%d" % pid):
            return pid
    return skip("an unused pid is missing")


# 3: no such process.


@test("a pid without a process: exit code 3")
def _():
    pid = unused_pid()
    is_error(pmp("-p", pid), NO_PROCESS, "no process %d" % pid)


# Creates busy processes with these pids, in a pid namespace.
NUMBERED = """
import os, sys
for number in sys.argv[1:]:
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write(str(int(number) - 1))
    if not os.fork():
        while True: pass
print("ready 1", flush=True)
os.wait()
"""


@test("a container's pid: exit code 3 and the host's pid, or a note if the host has that pid, too")
def _():
    need_gdb()
    space = ("unshare", "--mount", "--pid", "--fork", "--user", "--map-root-user", "--mount-proc")
    if run(*space, "test", "-w", "/proc/sys/kernel/ns_last_pid").code:
        skip("namespaces (unshare) are not permitted here")
    free = unused_pid()
    with busy() as target, Target(*space, PYTHON, "-c", NUMBERED, str(free),
                                  str(target.pid)) as outer:
        here = {proc_status(pid, "NSpid").split()[-1]: pid
                for pid in children(children(outer.pid)[0])}
        inner = here[str(free)]
        is_error(pmp("-p", free), NO_PROCESS,
                 "process %d of a container is process %d \\(python3\\) here: use -p %d" % (
            free, inner, inner))
        result = pmp("-p", target.pid, "-n", 1)
        equal(result.code, 0, result)
        check("note: process %d of a container is another one: process %d (python3) here\n" % (
            target.pid, here[str(target.pid)]) in result.err, result)
        result = pmp("-p", inner, "-n", 1)
        equal((result.code, result.err), (0, ""), "the container's process, by the host's pid")


@test("a thread id: exit code 3, and the thread's process")
def _():
    code = "import threading, time\n" \
           "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n" \
           "print('ready 1', flush=True)\ntime.sleep(60)"
    with Target(PYTHON, "-c", code) as target:
        tid = [t for t in target.threads() if t != target.pid][0]
        is_error(pmp("-p", tid), NO_PROCESS, "thread of process %d" % target.pid,
                 "-p %d" % target.pid)


@test("a zombie: exit code 3, and its parent")
def _():
    child = subprocess.Popen(["true"])
    try:
        deadline = time.monotonic() + 10
        while proc_status(child.pid, "State")[:1] != "Z" and time.monotonic() < deadline:
            time.sleep(0.02)
        is_error(pmp("-p", child.pid), NO_PROCESS, "zombie", "process %d" % os.getpid())
    finally:
        child.wait()


@test("a target that ends before the first sample: exit code 3")
def _():
    need_gdb()
    slow = script("#!/bin/sh\nsleep 1.5\nexec gdb \"$@\"\n")
    with busy(0.5) as target:
        # It ends, and is a zombie until it is waited for; for pmp, both are an end.
        is_error(pmp("-p", target.pid, "--gdb", slow), NO_PROCESS, "ended before the first sample")


# 4: not permitted.


@test("another user's process: exit code 4, both users and the remedy")
def _():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        skip("root and setpriv are missing")
    where = temp_dir()
    os.chmod(where, 0o755)
    copy = shutil.copy(PMP, os.path.join(where, "pmp"))
    with busy() as target:
        result = run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", copy,
                     "-p", str(target.pid), cwd="/")
        is_error(result, NOT_PERMITTED, "user 65534", "of user 0", "another user", "sudo")
        target.check_unharmed()


@test("root without CAP_SYS_PTRACE: exit code 4, and the capability's name")
def _():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        skip("root and setpriv are missing")
    with Target("setpriv", "--reuid", "65534", "--clear-groups", PYTHON, "-c", BUSY % 60) as target:
        result = run("setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace", PMP,
                     "-p", str(target.pid))
        is_error(result, NOT_PERMITTED, "CAP_SYS_PTRACE", "--cap-add=SYS_PTRACE")


# Installs a seccomp filter that fails ptrace (101) with EPERM, then executes its arguments.
FILTERED = """
import ctypes, os, struct, sys
code = b"".join(struct.pack("<HBBI", *row) for row in (
    (0x20, 0, 0, 0), (0x15, 0, 1, 101), (6, 0, 0, 0x50001), (6, 0, 0, 0x7fff0000)))
rows = ctypes.create_string_buffer(code)
program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", 4, ctypes.addressof(rows)))
libc = ctypes.CDLL(None)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


@test("a seccomp filter on ptrace: exit code 4, and the remedy for a container")
def _():
    need_gdb()
    with busy() as target:
        # The leak sanitizer needs ptrace, too.
        result = run(PYTHON, "-c", FILTERED, PMP, "-p", str(target.pid),
                     env={"ASAN_OPTIONS": "detect_leaks=0"})
        if result.code == 77:
            skip("seccomp is missing")
        is_error(result, NOT_PERMITTED, "process %d" % target.pid, "seccomp filter",
                 "--cap-add=SYS_PTRACE")
        target.check_unharmed()


@test("root of a separate user namespace: exit code 4")
def _():
    if run("unshare", "--user", "--map-root-user", "true").code:
        skip("namespaces (unshare) are not permitted here")
    with busy() as target:
        is_error(run("unshare", "--user", "--map-root-user", PMP, "-p", str(target.pid)),
                 NOT_PERMITTED, "user namespace", "outside of any container")


@test("a kernel thread: exit code 4")
def _():
    exe = "/proc/2/exe"
    if not proc_status(2, "State") or os.path.exists(exe) and os.access(exe, os.R_OK):
        skip("kthreadd is missing (a container?)")
    is_error(pmp("-p", 2), NOT_PERMITTED, "kernel")


# 5: no usable gdb.


@test("a --gdb that is missing or unusable: exit code 5")
def _():
    with busy() as target:
        rows = (
            ("/nonexistent/gdb", "No such file"),
            ("/", "not a program"),
            (script("not a program\n"), "Exec format error"),
            (script("#!/bin/sh\nexit 3\n"), "not usable as gdb"),
            (script("#!/bin/sh\necho 'something else 1.0'\n"), "not usable as gdb"),
            # The agent writes to descriptor 3.
            (script("#!/bin/sh\necho '~pmp hello gdb=7.12 python=2.7' >&3\nread x\n"), "too old"),
        )
        for gdb, what in rows:
            is_error(pmp("-p", target.pid, "--gdb", gdb, env=SHORT_TIMEOUTS), NO_GDB, what)
        equal(proc_status(target.pid, "State")[:1], "R", "the target runs")


@test("no gdb on PATH: exit code 5, and how to install one")
def _():
    with busy() as target:
        result = pmp("-p", target.pid, env={"PATH": temp_dir()})
        is_error(result, NO_GDB, "no gdb on PATH", "apt install gdb", "--gdb")


def without_python():
    """A gdb without Python: gdb-minimal if installed, otherwise a script around gdb."""
    minimal = shutil.which("gdb-minimal")
    if minimal:
        return minimal
    return script(
        "#!/bin/bash\n"
        "while read -r line; do case $line in\n"
        "python*) echo 'Python scripting is not supported in this copy of GDB.' >&2 ;;\n"
        "*) printf '%s\\n' \"$line\" ;;\n"
        "esac; done | gdb \"$@\"\n")


@test("a gdb without Python: the run continues in plain mode, with a note")
def _():
    need_gdb()
    with busy() as target:
        raw = os.path.join(temp_dir(), "raw")
        result = pmp("-p", target.pid, "-n", 3, "--gdb", without_python(), "--save-raw", raw)
        equal(result.code, 0, result)
        check(re.search(r"^pmp: note: .*--attach plain: no Python frames", result.err, re.M),
              "no note", result)
        equal(result.err.count("\n"), 1, result)
        is_report(result.out)
        with open(raw, encoding="utf-8") as file:
            check("~pmp note pid=%d text=" % target.pid in file.read(), "no note in the raw text")
        target.check_unharmed()


# Needs no 32-bit library: its only system call is a direct write.
PROGRAM_32 = """
static long call(long n, long a, long b, long c)
{
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
    return r;
}
void __attribute__((noinline)) spin(void) { for (volatile int i = 0;; i++) ; }
void _start(void) { call(4, 1, (long)"ready 1\\n", 8); spin(); }
"""


@test("a 32-bit program: the run continues in plain mode, with a note")
def _():
    need_gdb()
    folder = temp_dir()
    with open(folder + "/x.c", "w", encoding="ascii") as file:
        file.write(PROGRAM_32)
    flags = ("-m32", "-g", "-O0", "-fno-pic", "-no-pie", "-nostdlib", "-static")
    if run("gcc", *flags, "-o", folder + "/x", folder + "/x.c").code:
        skip("a compiler for 32-bit programs (gcc -m32) is missing")
    try:
        target = Target(folder + "/x")
    except OSError:
        skip("32-bit programs do not run here")
    with target:
        result = pmp("-p", target.pid, "-n", 2)
        equal(result.code, 0, result)
        equal(result.err,
              "pmp: note: process %d is a 32-bit program: going on with --attach plain: "
              "native stacks only, and longer pauses\n" % target.pid)
        check(re.search(r"100.0% +2 +c +_start .*\n100.0% +2 +100.0% +2 +c +spin ", result.out),
              result)
        target.check_unharmed()


# 6: another process traces it.


@test("a traced process: exit code 6, and the tracer")
def _():
    need_gdb()
    with busy() as target:
        other = subprocess.Popen(["gdb", "-nx", "-q", "-p", str(target.pid)], stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 20
            while proc_status(target.pid, "TracerPid") == "0" and time.monotonic() < deadline:
                time.sleep(0.05)
            is_error(pmp("-p", target.pid), TRACED, "process %d \\(gdb\\)" % other.pid)
        finally:
            other.stdin.close()
            other.wait(timeout=30)
        target.check_unharmed()


# 7: a timeout.


NEVER_ANSWER = ("exec sleep 60", "exec yes", "exec yes >&3", "exec cat >/dev/null",
                "trap '' TERM; while :; do sleep 1; done")


@test("a gdb that never answers or never stops printing: exit code 7, and gdb is ended")
def _():
    with busy() as target, concurrent.futures.ThreadPoolExecutor(len(NEVER_ANSWER)) as pool:
        gdbs = [script("#!/bin/sh\necho $$ > \"${0%%/*}/pid\"\n%s\n" % text)
                for text in NEVER_ANSWER]
        # Each waits for its timeout, so they run at the same time.
        results = pool.map(lambda gdb: pmp("-p", target.pid, "--gdb", gdb, env=SHORT_TIMEOUTS,
                                           limit=20), gdbs)
        for gdb, result in zip(gdbs, results):
            is_error(result, TIMEOUT, "starting within 0.7 s")
            with open(os.path.join(os.path.dirname(gdb), "pid"), encoding="ascii") as file:
                equal(proc_status(int(file.read()), "State"), "", "the gdb is gone")
        target.check_unharmed()


@test("an invalid PMP_DEADLINES: exit code 2")
def _():
    with busy() as target:
        is_error(pmp("-p", target.pid, env={"PMP_DEADLINES": "start=soon"}), 2, "PMP_DEADLINES",
                 "start=soon")


# 130, and other ends of a run.


def start_sampling(target, mode, *args):
    """Starts pmp and waits for samples; returns the process, and the path of its raw text."""
    raw = os.path.join(temp_dir(), "raw")
    process = start_pmp("-p", target.pid, "--attach", mode, "--save-raw", raw, *args)
    await_samples(process, raw)
    return process, raw


def finish(process, limit=30):
    out, err = process.communicate(timeout=limit)
    return process.returncode, out.decode(), err.decode()


@test("Ctrl-C: exit code 130, results are printed and written, the target runs on")
def _():
    need_gdb()
    for mode in MODES:
        with busy() as target:
            profile = os.path.join(temp_dir(), "p.yaml")
            process, raw = start_sampling(target, mode, "-n", "1000", "-o", profile)
            process.send_signal(signal.SIGINT)
            code, out, err = finish(process)
            equal(code, 130, "%s: %s" % (mode, err))
            check(re.fullmatch(r"pmp: interrupted: .*\n", err), "stderr", err)
            is_report(out, mode)
            for path in (profile, raw):
                check(os.path.getsize(path), "%s is written" % path)
            with open(raw, encoding="utf-8") as file:
                last = file.read().splitlines()[-1]
            check(re.match(r"~pmp stop .*interrupted=1", last), "the raw text's end", last)
            target.check_unharmed()


@test("SIGINT, SIGTERM and SIGHUP, each twice: exit code 128 + n, the target runs on")
def _():
    need_gdb()
    for number, wanted in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        with busy() as target:
            process, _ = start_sampling(target, "seize", "-n", "1000")
            process.send_signal(number)
            time.sleep(0.001)
            process.send_signal(number)
            code, out, err = finish(process)
            equal(code, wanted, err)
            is_report(out, err)
            target.check_unharmed()


@test("Ctrl-C before the first sample: exit code 130, no results")
def _():
    with busy() as target:
        process = start_pmp("-p", target.pid, "--gdb",
                            script("#!/bin/sh\nexec sleep 60\n"))
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        code, out, err = finish(process)
        equal((code, out), (130, ""), err)
        check("before the first sample" in err, "stderr", err)
        target.check_unharmed()


@test("a target that ends during the run: exit code 0, results, and a note")
def _():
    need_gdb()
    for mode in MODES:
        flag = script("")
        with Target(PYTHON, "-c", BUSY_WHILE, flag) as target:
            process, _ = start_sampling(target, mode, "-n", "1000")
            os.unlink(flag)
            code, out, err = finish(process, 40)
            equal(code, 0, "%s: %s" % (mode, err))
            check(re.fullmatch(r"pmp: note: process %d ended after \d+ samples?\n" % target.pid,
                               err), mode, err)
            is_report(out, mode)


@test("a killed gdb is replaced: its sample is lost, the run continues")
def _():
    need_gdb()
    for mode in MODES:
        with busy() as target:
            process, raw = start_sampling(target, mode, "-n", "20")
            for _ in range(2):
                before = samples_of(process, raw)
                os.kill(gdbs_of(process)[0], signal.SIGKILL)
                await_samples(process, raw, before + 1)
            code, out, err = finish(process, 60)
            equal(code, 0, "%s: %s" % (mode, err))
            is_report(out, mode)
            check(re.search(r"^samples: +20 asked, \d+ taken, \d+ late, \d+ failed", out, re.M),
                  mode, out)
            target.check_unharmed()


@test("after pmp is killed, gdb detaches and ends by itself")
def _():
    need_gdb()
    for mode in MODES:
        with busy() as target:
            process, _ = start_sampling(target, mode, "-n", "1000")
            gdbs = children(process.pid)
            check(gdbs, "no gdb runs")
            process.kill()
            process.communicate()
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and any(
                    proc_status(g, "State")[:1] not in ("", "Z") for g in gdbs):
                time.sleep(0.05)
            for gdb in gdbs:
                check(proc_status(gdb, "State")[:1] in ("", "Z"),
                      "%s: gdb %d is left" % (mode, gdb))
            target.check_unharmed()


@test("a stopped target stays stopped")
def _():
    need_gdb()
    for mode in MODES:
        with busy() as target:
            os.kill(target.pid, signal.SIGSTOP)
            result = pmp("-p", target.pid, "-n", 3, "--attach", mode)
            equal(result.code, 0, result)
            time.sleep(0.2)
            equal(proc_status(target.pid, "State")[:1], "T", mode)
            os.kill(target.pid, signal.SIGCONT)
            target.check_unharmed()


main()
