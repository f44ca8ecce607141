"""Tests in Python that print TAP, and the targets of the live tests.

    from tap import test, skip, check, main

    @test("one and one are two")
    def _():
        check(1 + 1 == 2, "arithmetic")

    main()

A test passes if it returns, is skipped if it calls skip(why), and fails on any other exception.
`main` runs the tests, ends their targets, removes their temporary directories, and ends the
program. With words on the command line, only the tests run that have one of the words in their
name.
"""

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
PMP = os.path.join(BUILD, "pmp")
PYTHON = os.environ.get("PYTHON") or "/usr/bin/python3"
SANITIZED = bool(os.environ.get("SAN"))
# The default limit of a wait in a test, in seconds.
LIMIT = 60

_tests = []
_cleanups = []

# In a script, `&` starts a program with SIGINT and SIGQUIT ignored; nohup ignores SIGHUP.
SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1,
           signal.SIGUSR2,
           signal.SIGALRM, signal.SIGCHLD, signal.SIGCONT, signal.SIGTSTP, signal.SIGTTIN,
           signal.SIGTTOU)


def reset_inherited():
    """Sets signals and umask to those of a program that a shell starts on a terminal. Tests send
    signals to their programs, and run some of them as another user."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)


reset_inherited()


class Skipped(Exception):
    pass


def test(name):
    """Registers a test. Tests run in the order of the file."""

    def register(function):
        _tests.append((name, function))
        return function

    return register


def skip(why):
    """Ends the running test as skipped; `why` names what is missing."""
    raise Skipped(why)


def check(condition, what="", *details):
    """Fails the running test unless condition holds; then it prints the details."""
    if not condition:
        raise AssertionError("\n".join([str(what)] + [str(d) for d in details]))


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError("%s\n   got: %r\nwanted: %r" % (what, got, wanted))


def near(got, wanted, within, what=""):
    if not abs(got - wanted) <= within:
        raise AssertionError("%s: got %s, wanted %s within %s" % (what, got, wanted, within))


def note(text):
    """Prints a comment. The runner shows comments with -v and after a failure."""
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def cleanup(function, *args):
    """Registers a function that is called when the program ends, except by SIGKILL. The last one
    registered is called first."""
    _cleanups.append((function, args))


def temp_dir():
    path = tempfile.mkdtemp(prefix="pmp-test-")
    cleanup(shutil.rmtree, path, True)
    return path


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    atexit.register(clean_up)
    words = sys.argv[1:]
    chosen = [t for t in _tests if not words or any(w in t[0] for w in words)]
    print("1..%d" % len(chosen), flush=True)
    failed = 0
    for number, (name, function) in enumerate(chosen, 1):
        began = time.monotonic()
        try:
            function()
            note("%.1f s" % (time.monotonic() - began))
            print("ok %d - %s" % (number, name), flush=True)
        except Skipped as why:
            print("ok %d - %s # SKIP %s" % (number, name, why), flush=True)
        # Every exception of a test is a failure, except SystemExit, which ends the program.
        except Exception:
            failed += 1
            note(traceback.format_exc())
            print("not ok %d - %s" % (number, name), flush=True)
    sys.exit(1 if failed else 0)


def clean_up():
    while _cleanups:
        function, args = _cleanups.pop()
        try:
            function(*args)
        except OSError as error:
            note("cleanup: %s" % error)


# Programs.


class Result:
    """A finished command: code (negative: the signal), out and err as text, seconds, argv."""

    def __init__(self, argv, code, out, err, seconds):
        self.argv, self.code, self.out, self.err, self.seconds = argv, code, out, err, seconds

    def __str__(self):
        return "$ %s\n[%s after %.1f s]\n%s\n--- stderr\n%s" % (
            " ".join(self.argv), self.code, self.seconds, self.out[-4000:], self.err[-4000:])


def run(*argv, limit=LIMIT, stdin=None, env=None, cwd=None, binary=False):
    """Runs argv to its end. If it takes longer than limit seconds, the test fails, and the command
    and its children are killed (they are a process group)."""
    started = time.monotonic()
    full_env = {**os.environ, "LC_ALL": "C", **(env or {})}
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, cwd=cwd,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=full_env, start_new_session=True)
    if isinstance(stdin, str):
        stdin = stdin.encode()
    try:
        out, err = process.communicate(stdin, timeout=limit)
    except subprocess.TimeoutExpired:
        out, err = _end_group(process)
        raise AssertionError("no end after %s s: %s\n%s\n%s" % (
            limit, " ".join(argv), out.decode(errors="replace"), err.decode(errors="replace")))
    except BaseException:
        _end_group(process)
        raise
    seconds = time.monotonic() - started
    if not binary:
        out, err = out.decode(errors="replace"), err.decode(errors="replace")
    return Result([str(a) for a in argv], process.returncode, out, err, seconds)


def _end_group(process):
    """Sends SIGTERM first, so that pmp detaches from its target."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        try:
            return process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            pass
    return b"", b""


def pmp(*args, **options):
    """Runs the pmp that was built."""
    return run(PMP, *[str(a) for a in args], **options)


# Targets.


class Target:
    """A process to sample. It ends with the test program at the latest."""

    def __init__(self, *argv, ready=r"ready (\d+)", limit=20, env=None, cwd=None, session=True):
        """ready: a pattern that it prints on stdout once it runs; None: do not wait. session: it
        has its own session; otherwise only its own process group, as a job of a shell."""
        self.argv = [os.fsdecode(a) if isinstance(a, bytes) else str(a) for a in argv]
        self.process = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(os.environ, **(env or {})), cwd=cwd, start_new_session=session,
            preexec_fn=None if session else os.setpgrp)
        self.pid = self.process.pid
        cleanup(self.stop)
        if ready:
            self._wait_ready(ready, limit)

    def _wait_ready(self, ready, limit):
        os.set_blocking(self.process.stdout.fileno(), False)
        seen, deadline = b"", time.monotonic() + limit
        while time.monotonic() < deadline:
            seen += self.process.stdout.read() or b""
            if re.search(ready.encode(), seen):
                self.said = seen  # its output up to now
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.stop()
        raise AssertionError("not ready: %s\n%s" % (
            ascii(" ".join(self.argv)), seen.decode(errors="replace")))

    def status(self, key, tid=None):
        return proc_status(self.pid, key, tid)

    def threads(self):
        return sorted(int(t) for t in os.listdir("/proc/%d/task" % self.pid))

    def check_unharmed(self):
        """The target runs, and none of its threads is stopped or traced."""
        check(self.process.poll() is None, "the target ended: %s" % self.process.returncode)
        for tid in self.threads():
            # Both are empty for a thread that has ended meanwhile.
            tracer, state = (proc_status(self.pid, key, tid) for key in ("TracerPid", "State"))
            check(tracer in ("0", ""), "thread %d is traced by %s" % (tid, tracer))
            check(not state.startswith(("T", "t")), "thread %d is stopped: %s" % (tid, state))
        check(self.runs(), "the target uses no processor time")

    def runs(self, limit=5):
        """True as soon as it has used some CPU time; False after limit seconds."""
        before, deadline = cpu_ticks(self.pid), time.monotonic() + limit
        while time.monotonic() < deadline:
            if cpu_ticks(self.pid) > before:
                return True
            time.sleep(0.05)
        return False

    def stop(self):
        if self.process.poll() is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait(timeout=20)
        if self.process.stdout:
            self.process.stdout.close()
            self.process.stdout = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def proc_status(pid, key, tid=None):
    """A value of /proc/PID/status, "" if there is none."""
    try:
        with open("/proc/%d/task/%d/status" % (pid, tid or pid), encoding="utf-8",
                  errors="replace") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return line[len(key) + 1:].strip()
    except (FileNotFoundError, ProcessLookupError):
        pass
    return ""


def cpu_ticks(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def children(pid):
    found = []
    for tid in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/children" % (pid, tid), encoding="ascii") as file:
                found += [int(word) for word in file.read().split()]
        except FileNotFoundError:
            pass
    return found


def spin(*args, **options):
    """samples/spin.py as a target; it ends by itself after two minutes."""
    return Target(PYTHON, os.path.join(ROOT, "samples", "spin.py"), "--seconds", "120", *args,
                  env={"PYTHONPATH": os.path.join(BUILD, "samples")}, **options)
