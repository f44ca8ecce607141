"""Samples one program of `make matrix`: starts it, waits until its threads block, runs pmp, and
reads the program's own report."""

import os
import re
import signal
import subprocess
import time

from judge import ByThread, check_cases, load_truth
from tap import cleanup, pmp
from targets import gdb_with

READY_LIMIT = 60  # seconds; 50 threads on a busy machine
SAMPLE_LIMIT = 60  # seconds
# In /proc/PID/task/TID/syscall: read, poll, select, nanosleep and others, and the first argument.
BLOCKED = re.compile(r"(0|7|23|35|230|270|271) (0x[0-9a-f]+)")
READ = "0"


class Program:
    """A running target; the test reads its stdout and writes its stdin."""

    def __init__(self, argv):
        self.argv = argv
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.pid, self.printed = self.process.pid, ""
        cleanup(self.stop)
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self):
        self.printed += (self.process.stdout.read() or b"").decode(errors="replace")
        return self.printed

    def tids(self):
        try:
            return [int(tid) for tid in os.listdir("/proc/%d/task" % self.pid)]
        except FileNotFoundError:
            return []

    def is_blocked(self, tid):
        """True in a system call that blocks for long: no read of a file, no wait for the GIL."""
        try:
            with open("/proc/%d/task/%d/syscall" % (self.pid, tid), encoding="ascii") as file:
                match = BLOCKED.match(file.read())
            return bool(match) and (match.group(1) != READ or os.readlink(
                "/proc/%d/fd/%d" % (self.pid, int(match.group(2), 16))).startswith("pipe:"))
        except OSError:
            return False

    def await_blocked(self):
        """Waits until each thread is blocked, or has printed that it is busy."""
        deadline = time.monotonic() + READY_LIMIT
        while time.monotonic() < deadline:
            busy = {int(tid) for tid in re.findall(r"busy (\d+)", self.read())}
            tids = self.tids()
            if self.process.poll() is not None:
                break
            if tids and all(tid in busy or self.is_blocked(tid) for tid in tids):
                time.sleep(0.05)  # until a busy thread has returned from printing
                return
            time.sleep(0.02)
        raise AssertionError("the program's threads do not block: %s\n%s"
                             % (" ".join(self.argv), self.read()))

    def await_line(self, word):
        deadline = time.monotonic() + READY_LIMIT
        while word not in self.read():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("no %r: %s\n%s" % (word, " ".join(self.argv), self.printed))
            time.sleep(0.02)

    def request_truth(self, path):
        """Makes the program write its truth to path (unless it has), and loads it."""
        if not os.path.exists(path):
            self.process.stdin.write(b"x")
            self.process.stdin.flush()
        deadline = time.monotonic() + READY_LIMIT
        while not os.path.exists(path):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the program does not answer: %s" % self.read())
            time.sleep(0.02)
        return load_truth(path)

    def stop(self):
        if self.process.poll() is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait(timeout=20)
        for stream in (self.process.stdin, self.process.stdout):
            stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def run_pmp(program, build, samples, rate, *more):
    """Samples the program. Returns (ByThread, pmp's Result)."""
    options = ["--gdb", gdb_with("set debug-file-directory "
                                 + build.debug_folder)] if build.debug_folder else []
    result = pmp("-p", program.pid, "-n", samples, "-r", rate, "-q", "-t", "--lines", "-f", "yaml",
                 *options, *more, limit=120 + samples / rate)
    if result.code != 0:
        raise AssertionError(str(result))
    return ByThread(result.out), result


def start_program(build, folder, cases):
    """Returns (Program that runs these cases, the path of its truth)."""
    path = os.path.join(folder, "truth.json")
    if os.path.exists(path):
        os.unlink(path)
    return Program(build.command(folder, "truth.json", *cases)), path


def sample_cases(build, folder, cases, samples=3):
    """Samples a program whose threads are blocked in these cases. Returns (ByThread, {case name:
    what is wrong or None})."""
    program, path = start_program(build, folder, [case.name for case in cases])
    with program:
        program.await_blocked()
        threads = len(program.tids())
        profile, _ = run_pmp(program, build, samples, 50)
        truth = program.request_truth(path)
        return profile, check_cases(profile, truth, build, cases, samples, threads)


def sample_running(build, folder, case, stacks, rate=200):
    """Samples a program that keeps running: `stacks` stacks, or fewer if a busy machine cannot take
    them in SAMPLE_LIMIT seconds. Returns (ByThread, number of threads)."""
    program, _ = start_program(build, folder, [case])
    with program:
        program.await_line("ready")
        time.sleep(0.3)
        threads = len(program.tids()) - 1  # one waits for the request for its truth
        profile, _ = run_pmp(program, build, -(-stacks // threads), rate, "-d", SAMPLE_LIMIT)
        return profile, threads + 1
