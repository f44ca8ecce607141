"""Processes for tests/stress/torture.py: a victim, the state to compare afterwards, and a pmp.

The test is the subreaper of all processes that it starts (be_subreaper), so processes left by a
killed pmp become its children.
"""

import ctypes
import hashlib
import os
import select
import signal
import subprocess
import time

from tap import BUILD, PMP, PYTHON, ROOT

PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None, use_errno=True)
EXIT_CODE = 37
RESTLESS = ("exec", "exec-thread", "forks", "calls", "signals", "reader")
STOP_BIT, CONT_BIT = 1 << signal.SIGSTOP - 1, 1 << signal.SIGCONT - 1


def be_subreaper():
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def read(path):
    """The file's content; b"" if the process has ended."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


def stat_fields(text):
    """The fields of /proc/PID/stat from the state on."""
    return text.rpartition(b")")[2].split()


def state(pid, tid=None):
    """The letter of a thread's state, "" if it has ended."""
    fields = stat_fields(read("/proc/%d/task/%d/stat" % (pid, tid or pid)))
    return fields[0].decode() if fields else ""


def tids(pid):
    try:
        return sorted(int(name) for name in os.listdir("/proc/%d/task" % pid))
    except FileNotFoundError:
        return []


def status(pid, tid):
    lines = read("/proc/%d/task/%d/status" % (pid, tid)).decode(errors="replace").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def tracer(pid):
    return int(status(pid, pid).get("TracerPid", "0"))


def children(pid):
    found = []
    for tid in tids(pid):
        found += [int(word) for word in read("/proc/%d/task/%d/children" % (pid, tid)).split()]
    return found


def open_files(pid):
    """[path or "pipe:[N]" and the like] of a process's descriptors."""
    folder, found = "/proc/%d/fd" % pid, []
    try:
        for name in os.listdir(folder):
            found.append(os.readlink(os.path.join(folder, name)))
    except OSError:
        pass  # the process or a descriptor has gone
    return found


def comm(pid):
    return read("/proc/%d/comm" % pid).decode(errors="replace").strip()


def wait_until(condition, limit, pause=0.0005):
    """Returns the condition's first true value, or its last one after limit seconds."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(pause)


def program_of(kind, argument):
    """The command of a victim of this kind."""
    folder = os.path.join(ROOT, "tests", "harness", "programs")
    if kind == "python":
        return [PYTHON, "-W", "ignore", os.path.join(folder, "victim.py")]
    name = "restless" if kind in RESTLESS else "victim"
    argv = [os.path.join(BUILD, "tests", "harness", "programs", name), kind]
    return argv + ([] if argument is None else [str(argument)])


class Victim:
    """A process that obeys commands (programs/victim.c, restless.c). Each wait has a limit.

    argument: of its program; stopped: it is stopped by SIGSTOP before pmp starts, and has to stay
    so; is_job: it is a process group of this session, so that SIGTSTP and others stop it.
    """

    def __init__(self, kind, argument=None, stopped=False, is_job=False):
        self.kind, self.stopped = kind, stopped
        self.process = subprocess.Popen(program_of(kind, argument), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        bufsize=0, start_new_session=not is_job,
                                        preexec_fn=os.setpgrp if is_job else None)
        self.pid = self.process.pid
        self.process.returncode = 0  # waited for here, not by Popen
        self.unread, self.parent_saw, self.code = b"", "", None
        self.stop_signals = []  # of the stops that its parent saw
        self.allowed_pending = 0  # mask of signals that may be pending
        self.cont_pending = False  # one of them was SIGCONT
        self.ready = self.answer(20).startswith("ready")
        self.code_before = self.code_hashes()
        if stopped:
            os.kill(self.pid, signal.SIGSTOP)
            wait_until(lambda: all(state(self.pid, t) == "T" for t in tids(self.pid)), 5)
            self.poll_status()
            self.parent_saw = ""

    def poll_status(self):
        """Reads the status changes that its parent sees: appends S (stopped) or C (continued) to
        parent_saw, sets code when it has ended."""
        flags = os.WNOHANG | os.WUNTRACED | os.WCONTINUED
        while self.code is None:
            pid, word = os.waitpid(self.pid, flags)
            if not pid:
                return
            if os.WIFSTOPPED(word):
                self.parent_saw += "S"
                self.stop_signals.append(os.WSTOPSIG(word))
            elif os.WIFCONTINUED(word):
                self.parent_saw += "C"
            else:
                self.code = os.WEXITSTATUS(word) if os.WIFEXITED(word) else -os.WTERMSIG(word)

    def send(self, line):
        try:
            os.write(self.process.stdin.fileno(), line.encode() + b"\n")
        except BrokenPipeError:
            pass

    def answer(self, limit=20):
        deadline = time.monotonic() + limit
        while b"\n" not in self.unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return "no answer"
            got = os.read(self.process.stdout.fileno(), 4096)
            if not got:
                return "no answer: it has ended"
            self.unread += got
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode(errors="replace")

    def ask(self, line, limit=20):
        self.send(line)
        return self.answer(limit)

    def counts(self):
        """{name: number} of restless.c; AssertionError if it does not answer."""
        words = self.ask("count").split()
        assert words and words[0] == "count", "it does not tell its counts: %s" % words
        return {name: int(number) for name, number in (word.split("=") for word in words[1:])}

    def problems(self):
        """{tid: what} of each thread that is traced, stopped though it should not be (and the other
        way round), or has a signal pending."""
        found = {tid: self._thread_problem(tid) for tid in tids(self.pid)}
        return {tid: what for tid, what in found.items() if what}

    def lasting_problems(self, limit=1):
        """Those problems that are there at each look, for so many seconds."""
        lasting = set(self.problems().items())
        deadline = time.monotonic() + limit
        while lasting and time.monotonic() < deadline:
            time.sleep(0.002)
            lasting &= set(self.problems().items())
        return dict(lasting)

    def code_hashes(self):
        """{(start, path): hash} of each executable mapping of a file."""
        found = {}
        try:
            with open("/proc/%d/mem" % self.pid, "rb", buffering=0) as memory:
                for line in read("/proc/%d/maps" % self.pid).decode(errors="replace").splitlines():
                    words = line.split(None, 5)
                    if len(words) < 6 or "x" not in words[1] or not words[5].startswith("/"):
                        continue
                    start, end = (int(word, 16) for word in words[0].split("-"))
                    memory.seek(start)
                    found[start, words[5]] = hashlib.md5(memory.read(end - start)).digest()
        except OSError:
            pass
        return found

    def after_exec(self):
        """Takes the code of the new program as the code to compare with."""
        self.code_before = self.code_hashes()

    def harm(self):
        """Lines that describe each difference from before. To be called when pmp, its gdbs and its
        watchdog have ended."""
        found = []
        self.poll_status()
        if self.code is not None:
            return ["the target has ended: %d" % self.code]
        # The victim's own signals are pending for short times: only what lasts is a problem.
        found += ["thread %d: %s" % problem for problem in sorted(self.lasting_problems().items())]
        now = self.code_hashes()
        found += ["changed code: %s" % path for (start, path), digest in self.code_before.items()
                  if now.get((start, path), digest) != digest]
        return found

    def _thread_problem(self, tid):
        fields = status(self.pid, tid)
        letter = fields.get("State", "?")[:1]
        if not fields:
            return None  # the thread has ended
        if fields["TracerPid"] != "0":
            return "process %s traces it" % fields["TracerPid"]
        if (letter in "Tt") != self.stopped or letter == "t":
            return "its state is %s" % fields["State"]
        for key in ("SigPnd", "ShdPnd"):
            pending = int(fields[key], 16)
            if pending & ~self.allowed_pending:
                return "%s %s" % (key, fields[key])
            self.cont_pending |= bool(pending & CONT_BIT)
        return None

    def harm_in_use(self):
        """Makes it work, and then exit: lines that describe each failure."""
        found = []
        if self.code is not None:
            return ["the target has ended: %d" % self.code]
        if self.stopped:
            self.stopped = False
            os.kill(self.pid, signal.SIGCONT)
            found += ["continued: " + what for what in self.harm()]
        answer = self.ask("check")
        if answer != "checked":
            found.append("%s, in state %s" % (answer, state(self.pid)))
        self.send("end %d" % EXIT_CODE)
        return found + self.harm_at_exit(EXIT_CODE)

    def harm_at_exit(self, code):
        wait_until(lambda: self.poll_status() or self.code is not None, 10, 0.002)
        if self.code != code:
            return ["its exit code is %s, not %d" % (self.code, code)]
        return []

    def end(self):
        self.poll_status()
        if self.code is None:
            os.killpg(self.pid, signal.SIGKILL)
            wait_until(lambda: self.poll_status() or self.code is not None, 10, 0.002)
        self.process.stdin.close()
        self.process.stdout.close()


class Pmp:
    """A running pmp, in a process group of its own. Its output is in memory, not in a file."""

    def __init__(self, *args, env=None, stdout=None, terminal=None):
        self.out, self.err = os.memfd_create("out"), os.memfd_create("err")
        self.code = None
        argv = [PMP] + [str(a) for a in args]
        # Without a pager: in a terminal of its own, nothing would end it.
        full = {**os.environ, "LC_ALL": "C", "PMP_PAGER": "", **(env or {})}
        if terminal is None:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=self.err, env=full,
                                       stdout=self.out if stdout is None else stdout,
                                       start_new_session=True)
            process.returncode = 0
            self.pid = process.pid
            return
        self.pid = os.fork()
        if self.pid == 0:
            os.login_tty(terminal) if hasattr(os, "login_tty") else login_tty(terminal)
            os.execve(PMP, argv, full)

    def has_ended(self):
        if self.code is None:
            pid, word = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.WEXITSTATUS(word) if os.WIFEXITED(word) else -os.WTERMSIG(word)
        return self.code is not None

    def gdbs(self):
        if self.has_ended():
            return []
        return [pid for pid in children(self.pid) if comm(pid) != "pmp-guard"]

    def text(self, fd):
        return os.pread(fd, 1 << 20, 0).decode(errors="replace")

    def close(self):
        os.close(self.out)
        os.close(self.err)


def login_tty(fd):
    """login_tty(3): fd becomes the controlling terminal of a new session, and fds 0, 1 and 2."""
    import fcntl  # pylint: disable=import-outside-toplevel
    import termios  # pylint: disable=import-outside-toplevel
    os.setsid()
    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
    for target in (0, 1, 2):
        os.dup2(fd, target)


def leftover_children(known, limit):
    """Waits until this process has no children but the known ones. Returns ({pid: (name, seconds
    until it was last seen)}, ["NAME PID" of each one left after limit])."""
    start, seen = time.monotonic(), {}
    while True:
        here = [pid for pid in children(os.getpid()) if pid not in known]
        for pid in here:
            name = comm(pid)
            if os.waitpid(pid, os.WNOHANG)[0]:
                continue
            seen[pid] = (name, time.monotonic() - start)
        here = [pid for pid in here if os.path.exists("/proc/%d" % pid)]
        if not here:
            return seen, []
        if time.monotonic() - start > limit:
            return seen, ["%s %d" % (comm(pid), pid) for pid in here]
        time.sleep(0.002)


def kill_children(known=()):
    """Kills all children of this process but the known ones."""
    for pid in children(os.getpid()):
        if pid not in known:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
