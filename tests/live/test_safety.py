"""What the top README promises of --attach seize: what is done to the target, and for how long."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import await_samples, gdbs_of, need_gdb, need_live_python, start_pmp  # noqa: E402
from tap import (PYTHON, Target, check, equal, main, note,  # noqa: E402
                 pmp, proc_status, skip, temp_dir, test)

SPIN = """
import os, threading

def spin():
    while True:
        pass

for _ in range(%d):
    threading.Thread(target=spin, daemon=True).start()
print("ready %%d" %% os.getpid(), flush=True)
spin()
"""
ALLOWED = {"PTRACE_SEIZE", "PTRACE_INTERRUPT", "PTRACE_GETREGSET", "PTRACE_DETACH"}
PENDING = ("SigPnd", "ShdPnd")


def script(text):
    """The path of a shell script."""
    path = os.path.join(temp_dir(), "gdb")
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, stat.S_IRWXU)
    return path


def busy(threads=0):
    return Target(PYTHON, "-c", SPIN % threads)


@test("of ptrace, a sample uses four requests; nothing writes to the target or sends it a signal")
def _():
    need_gdb()
    if not shutil.which("strace"):
        skip("strace is missing")
    log = os.path.join(temp_dir(), "calls")
    # strace traces gdb's main thread only: it makes the calls, and its child must stay untraced.
    gdb = script('exec strace -qq -o %s -e trace=ptrace,process_vm_writev,kill,tkill,tgkill,'
                 'rt_sigqueueinfo,rt_tgsigqueueinfo,openat,pwrite64 gdb "$@"\n' % log)
    with busy(3) as target:
        for args in (("-n", 6), ("-n", 4, "--instant")):
            result = pmp("-p", target.pid, "--gdb", gdb, *args, limit=120)
            equal(result.code, 0, result)  # with strace a stop can be long, which a note says
            target.check_unharmed()
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    tids = re.compile(r"\b(%s)\b" % "|".join(map(str, target_ids(lines))))
    requests = set(re.findall(r"\bptrace\((\w+)", "\n".join(lines)))
    check("PTRACE_DETACH" in requests, "no stop was seen", requests)
    equal(requests - ALLOWED, set())
    for line in lines:
        is_write = line.startswith(("process_vm_writev", "pwrite64")) or (
            line.startswith("openat") and "/mem" in line and "O_RDONLY" not in line)
        is_signal = re.match(r"(kill|tkill|tgkill|rt_sigqueueinfo|rt_tgsigqueueinfo)\(", line)
        check(not is_write, "a write", line)
        check(not (is_signal and tids.search(line)), "a signal", line)


def target_ids(lines):
    """The tids that were let go: the target's, as its threads all run."""
    return {int(tid) for tid in re.findall(r"ptrace\(PTRACE_DETACH, (\d+)", "\n".join(lines))}


@test("between two samples no thread is traced")
def _():
    need_gdb()
    with busy(3) as target:
        raw = os.path.join(temp_dir(), "raw")
        process = start_pmp("-p", target.pid, "-r", 4, "-n", 1000, "-q", "--save-raw", raw)
        await_samples(process, raw, 2)
        traced = looks = 0
        end = time.monotonic() + 3
        while time.monotonic() < end:
            looks += 1
            traced += any(proc_status(target.pid, "TracerPid", tid) not in ("0", "")
                          for tid in target.threads())
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        process.communicate()
        note("traced in %d of %d looks" % (traced, looks))
        check(looks > 50 and traced < looks / 4, traced, looks)
        target.check_unharmed()


@test("if pmp is killed while its gdb is stopped and holds a thread, the target runs on at once")
def _():
    need_gdb()
    with busy() as target:
        raw = os.path.join(temp_dir(), "raw")
        process = start_pmp("-p", target.pid, "-r", 200, "-n", 10000, "-q", "--save-raw", raw)
        await_samples(process, raw, 2)
        gdb, = gdbs_of(process)
        hold(gdb, target)
        process.kill()
        process.communicate()
        end = time.monotonic() + 2
        while proc_status(target.pid, "TracerPid") != "0" and time.monotonic() < end:
            time.sleep(0.001)
        target.check_unharmed()
        for key in PENDING:
            equal(int(proc_status(target.pid, key), 16), 0, key)


def hold(gdb, target):
    """Stops a gdb with SIGSTOP while it holds the target stopped."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if proc_status(target.pid, "TracerPid") == "0":
            continue
        os.kill(gdb, signal.SIGSTOP)
        time.sleep(0.02)
        if proc_status(target.pid, "TracerPid") == str(gdb):
            return
        os.kill(gdb, signal.SIGCONT)
    raise AssertionError("gdb was not caught with the target")


EPOLL = r"""
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>
int main(void)
{
	struct epoll_event event;
	int epoll = epoll_create1(0);

	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	for (;;)
		if (epoll_wait(epoll, &event, 1, -1) < 0) {
			perror("epoll_wait");
			fflush(stdout);
		}
}
"""
# Frames that take longer to read than a stop may last.
DEEP = """
import os, sys
sys.setrecursionlimit(1 << 30)
def down(n):
    if not n:
        print("ready %d" % os.getpid(), flush=True)
        while True: pass
    down(n - 1)
down(400000)
"""


@test("a thread in epoll_wait is not interrupted, not by a dump either")
def _():
    need_gdb()
    program = os.path.join(temp_dir(), "epoll")
    subprocess.run(["gcc", "-O2", "-x", "c", "-", "-o", program], input=EPOLL.encode(), check=True)
    with Target(program) as target:
        for args in (("-n", 5), ("-n", 5, "--instant")):
            equal(pmp("-p", target.pid, *args).code, 0)
        result = pmp("dump", "-p", target.pid)
        check("epoll_wait" in result.out, result)
        equal(target.process.stdout.read() or b"", b"", "EINTR")


@test("a stop is ended after 0.2 s, and samples rest after a long one: notes say so")
def _():
    need_live_python()
    path = os.path.join(temp_dir(), "p.yaml")
    with Target(PYTHON, "-c", DEEP) as target:
        result = pmp("-p", target.pid, "-n", 3, "-o", path, limit=120)
        target.check_unharmed()
    equal(result.code, 0, result)
    for text in ("its stack is cut", "samples are delayed"):
        check(text in result.out, text, result)
    found = Profile.load(path).sampling
    check(found["stopped_share"] <= 0.4, "a quarter of the time", found)


main()
