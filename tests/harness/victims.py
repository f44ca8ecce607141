"""Processes for tests/stress/torture.py: a victim, what is to be the same of it afterwards, and a pmp that looks at it.

Whoever uses this is the subreaper of all that it starts, so what a killed pmp leaves is its child then.
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
OWN_CODE = 37
STOP_BIT, CONT_BIT = 1 << signal.SIGSTOP - 1, 1 << signal.SIGCONT - 1


def be_subreaper():
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def read(path):
    """b"" if it is gone."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


def stat_fields(text):
    """From the state on."""
    return text.rpartition(b")")[2].split()


def state(pid, tid=None):
    """A letter, "" if it is gone."""
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


def comm(pid):
    return read("/proc/%d/comm" % pid).decode(errors="replace").strip()


def until(condition, limit, pause=0.0005):
    """The condition's first true value; what it said last after limit seconds."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(pause)


class Victim:
    """A process that obeys (programs/victim.c). No method waits for longer than its limit."""

    def __init__(self, kind, number=0, frozen=False):
        self.kind, self.frozen = kind, frozen
        argv = [os.path.join(BUILD, "tests", "harness", "programs", "victim"), kind, str(number)]
        if kind == "python":
            argv = [PYTHON, "-W", "ignore", os.path.join(ROOT, "tests", "harness", "programs", "victim.py")]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, bufsize=0,
                                        start_new_session=True)
        self.pid = self.process.pid
        self.process.returncode = 0  # it is waited for here, not by Popen
        self.said, self.seen, self.code = b"", "", None
        self.allowed = 0  # signals that may be pending
        self.continued = False  # one of those is
        self.ready = self.answer(20).startswith("ready")
        self.before = self.text()
        if frozen:
            os.kill(self.pid, signal.SIGSTOP)
            until(lambda: all(state(self.pid, t) == "T" for t in tids(self.pid)), 5)
            self.watch()
            self.seen = ""

    def watch(self):
        """What its parent is told: S (stopped), C (continued), and its end. Kept in seen and code."""
        flags = os.WNOHANG | os.WUNTRACED | os.WCONTINUED
        while self.code is None:
            pid, word = os.waitpid(self.pid, flags)
            if not pid:
                return
            if os.WIFSTOPPED(word):
                self.seen += "S"
            elif os.WIFCONTINUED(word):
                self.seen += "C"
            else:
                self.code = os.WEXITSTATUS(word) if os.WIFEXITED(word) else -os.WTERMSIG(word)

    def tell(self, line):
        try:
            os.write(self.process.stdin.fileno(), line.encode() + b"\n")
        except BrokenPipeError:
            pass

    def answer(self, limit=20):
        deadline = time.monotonic() + limit
        while b"\n" not in self.said:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return "no answer"
            got = os.read(self.process.stdout.fileno(), 4096)
            if not got:
                return "no answer: it has ended"
            self.said += got
        line, _, self.said = self.said.partition(b"\n")
        return line.decode(errors="replace")

    def ask(self, line, limit=20):
        self.tell(line)
        return self.answer(limit)

    def text(self):
        """{(start, path): hash} of what it may execute of files."""
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

    def runs_again(self):
        """After an exec."""
        self.before = self.text()

    def harm(self):
        """What is not as it was, a line each. Nobody of ours is to be there any more."""
        found = []
        self.watch()
        if self.code is not None:
            return ["the target has ended: %d" % self.code]
        # Signals of its own are on their way at times: what is there in each of many looks is not.
        for tid in tids(self.pid):
            wrong = until(lambda t=tid: not self._wrong(t), 0.3, 0.005) or self._wrong(tid)
            if wrong and wrong is not True:
                found.append("thread %d: %s" % (tid, wrong))
        now = self.text()
        found += ["changed code: %s" % path for (start, path), digest in self.before.items()
                  if now.get((start, path), digest) != digest]
        return found

    def _wrong(self, tid):
        fields = status(self.pid, tid)
        letter = fields.get("State", "?")[:1]
        if not fields:
            return None  # that thread has ended
        if fields["TracerPid"] != "0":
            return "process %s traces it" % fields["TracerPid"]
        if (letter in "Tt") != self.frozen or letter == "t":
            return "its state is %s" % fields["State"]
        for key in ("SigPnd", "ShdPnd"):
            pending = int(fields[key], 16)
            # To attach to a stopped thread queues a SIGSTOP that nothing but SIGCONT takes away.
            if pending & ~self.allowed & ~(STOP_BIT if self.frozen else 0):
                return "%s %s" % (key, fields[key])
            self.continued |= bool(pending & CONT_BIT)
        return None

    def harm_of_life(self):
        """It goes on with what it does, and ends with its own code."""
        found = []
        if self.code is not None:
            return ["the target has ended: %d" % self.code]
        if self.frozen:
            self.frozen = False
            os.kill(self.pid, signal.SIGCONT)
            found += ["continued: " + what for what in self.harm()]
        said = self.ask("check")
        if said != "checked":
            found.append("%s, in state %s" % (said, state(self.pid)))
        self.tell("end %d" % OWN_CODE)
        return found + self.harm_of_end(OWN_CODE)

    def harm_of_end(self, code):
        until(lambda: self.watch() or self.code is not None, 10, 0.002)
        if self.code != code:
            return ["its end is %s, not %d" % (self.code, code)]
        return []

    def end(self):
        self.watch()
        if self.code is None:
            os.killpg(self.pid, signal.SIGKILL)
            until(lambda: self.watch() or self.code is not None, 10, 0.002)
        self.process.stdin.close()
        self.process.stdout.close()


class Pmp:
    """A pmp at work, in a process group of its own. Its output is in memory, not in a file."""

    def __init__(self, *args, env=None, stdout=None, terminal=None):
        self.out, self.err = os.memfd_create("out"), os.memfd_create("err")
        self.code = None
        argv = [PMP] + [str(a) for a in args]
        # In a terminal of its own nobody would end the pager.
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

    def over(self):
        if self.code is None:
            pid, word = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.WEXITSTATUS(word) if os.WIFEXITED(word) else -os.WTERMSIG(word)
        return self.code is not None

    def gdbs(self):
        if self.over():
            return []
        return [pid for pid in children(self.pid) if comm(pid) != "pmp-guard"]

    def text(self, fd):
        return os.pread(fd, 1 << 20, 0).decode(errors="replace")

    def close(self):
        os.close(self.out)
        os.close(self.err)


def login_tty(fd):
    """As the C library's: fd becomes the controlling terminal of a new session, and 0, 1, 2."""
    import fcntl  # pylint: disable=import-outside-toplevel
    import termios  # pylint: disable=import-outside-toplevel
    os.setsid()
    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
    for target in (0, 1, 2):
        os.dup2(fd, target)


def left_of_ours(known, limit):
    """Waits until there is no child but the known ones. Returns ({pid: (what, seconds)} of those seen,
    [what] of those still there after limit)."""
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


def end_all(known=()):
    """Whatever is left of ours, ended."""
    for pid in children(os.getpid()):
        if pid not in known:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
