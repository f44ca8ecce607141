"""One look at one program of `make matrix`: starts it, waits until it is where it will stay, samples, asks it."""

import os
import re
import signal
import subprocess
import time

from judge import ByThread, judge, load_truth
from tap import cleanup, pmp
from targets import gdb_with

READY = 60  # seconds; 50 threads on a machine that has other things to do
WATCHED = 60
BLOCKED = re.compile(r"(0|7|23|35|230|270|271) (0x[0-9a-f]+)")  # read, poll, select, nanosleep, ... and what on
READ = "0"


class Program:
    """A target with standard input and output of its own."""

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
        """In a system call that takes long: not reading a file, and not waiting for the GIL."""
        try:
            with open("/proc/%d/task/%d/syscall" % (self.pid, tid), encoding="ascii") as file:
                match = BLOCKED.match(file.read())
            return bool(match) and (match.group(1) != READ or os.readlink(
                "/proc/%d/fd/%d" % (self.pid, int(match.group(2), 16))).startswith("pipe:"))
        except OSError:
            return False

    def await_rest(self):
        """Until each thread is where it will stay: blocked, or told to be busy."""
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline:
            busy = {int(tid) for tid in re.findall(r"busy (\d+)", self.read())}
            tids = self.tids()
            if self.process.poll() is not None:
                break
            if tids and all(tid in busy or self.is_blocked(tid) for tid in tids):
                time.sleep(0.05)  # for a busy thread to come back from telling it
                return
            time.sleep(0.02)
        raise AssertionError("the program does not come to rest: %s\n%s" % (" ".join(self.argv), self.read()))

    def await_line(self, word):
        deadline = time.monotonic() + READY
        while word not in self.read():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("no %r: %s\n%s" % (word, " ".join(self.argv), self.printed))
            time.sleep(0.02)

    def ask(self, path):
        """What it knows of itself, from the file that it writes then."""
        if not os.path.exists(path):
            self.process.stdin.write(b"x")
            self.process.stdin.flush()
        deadline = time.monotonic() + READY
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


def sample(program, build, samples, rate, *more):
    """(ByThread, pmp's Result)."""
    options = ["--gdb", gdb_with("set debug-file-directory " + build.debug_folder)] if build.debug_folder else []
    result = pmp("-p", program.pid, "-n", samples, "-r", rate, "-q", "-t", "--lines", "-f", "yaml", *options,
                 *more, limit=120 + samples / rate)
    if result.code != 0:
        raise AssertionError(str(result))
    return ByThread(result.out), result


def start(build, folder, cases):
    """(Program that runs these cases, where it will write its truth)."""
    path = os.path.join(folder, "truth.json")
    if os.path.exists(path):
        os.unlink(path)
    return Program(build.command(folder, "truth.json", *cases)), path


def look(build, folder, cases, samples=3):
    """(ByThread, what is wrong by case) of a program that runs these cases until it is killed."""
    program, path = start(build, folder, [case.name for case in cases])
    with program:
        program.await_rest()
        threads = len(program.tids())
        profile, _ = sample(program, build, samples, 50)
        return profile, judge(profile, program.ask(path), build, cases, samples, threads)


def watch(build, folder, case, stacks, rate=200):
    """(ByThread, threads at the end) of a program that goes on, with so many stacks, or as many as
    a machine that has other things to do can take in WATCHED seconds."""
    program, _ = start(build, folder, [case])
    with program:
        program.await_line("ready")
        time.sleep(0.3)
        threads = len(program.tids()) - 1  # one waits to be asked
        profile, _ = sample(program, build, -(-stacks // threads), rate, "-d", WATCHED)
        return profile, threads + 1
