"""A terminal with a program on it: what a person at a keyboard has."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from tap import cleanup


class Terminal:
    """argv in a session of its own, with a terminal (pty) as its controlling one. It ends with the test program at
    the latest. env: changes to the environment; None takes a variable away."""

    def __init__(self, *argv, env=None, rows=24, columns=80, cwd=None):
        full = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})}
        full = {key: value for key, value in full.items() if value is not None}
        go, told = os.pipe()
        self.pid, self.fd = pty.fork()
        if not self.pid:
            try:
                os.read(go, 1)  # the size is set
                os.chdir(cwd or ".")
                os.execvpe(argv[0], argv, full)
            finally:
                os._exit(127)
        cleanup(self.close)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.write(told, b"x")
        os.close(told)
        os.close(go)
        self.seen, self.code = "", None

    def _read(self, limit):
        """False: nothing came within so long, or never will."""
        if not select.select([self.fd], [], [], limit)[0]:
            return False
        try:
            part = os.read(self.fd, 65536)
        except OSError:  # nobody has the other end open
            part = b""
        self.seen += part.decode(errors="replace")
        return bool(part)

    def wait_for(self, pattern, limit=20):
        """Until the pattern is in what was seen; returns that, and begins anew behind it."""
        deadline = time.monotonic() + limit
        while True:
            match = re.search(pattern, self.seen)
            if match:
                before, self.seen = self.seen[:match.end()], self.seen[match.end():]
                return before
            if not self._read(max(0, deadline - time.monotonic())):
                raise AssertionError("no %r on the terminal: %r" % (pattern, self.seen))

    def send(self, text):
        os.write(self.fd, text.encode())

    def send_until(self, text, pattern, limit=20):
        """For a program that forgets what was typed before it was ready: types it again and again."""
        deadline = time.monotonic() + limit
        while True:
            self.send(text)
            try:
                return self.wait_for(pattern, 0.5)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise

    def settings(self):
        return termios.tcgetattr(self.fd)

    def end(self, limit=20):
        """(exit code, negative for a signal; what was seen and not waited for), once it has ended."""
        deadline = time.monotonic() + limit
        while self._read(max(0, deadline - time.monotonic())):
            pass
        while self.code is None and time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.01)
        if self.code is None:
            raise AssertionError("no end: %r" % self.seen)
        return self.code, self.seen

    def close(self):
        if self.fd is None:
            return
        os.close(self.fd)  # who is left gets a SIGHUP
        self.fd = None
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
