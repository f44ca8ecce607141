"""A terminal with a program on it, as a user has it."""

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
    """argv in its own session, with a pty as its controlling terminal. It ends with the test
    program at the latest. env: changes to the environment; None removes a variable."""

    def __init__(self, *argv, env=None, rows=24, columns=80, cwd=None):
        full = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})}
        full = {key: value for key, value in full.items() if value is not None}
        go, go_writer = os.pipe()
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
        os.write(go_writer, b"x")
        os.close(go_writer)
        os.close(go)
        self.seen, self.code = "", None

    def _read(self, limit):
        """Reads output. False: none came within limit seconds, or the other end is closed."""
        if not select.select([self.fd], [], [], limit)[0]:
            return False
        try:
            part = os.read(self.fd, 65536)
        except OSError:  # the other end is closed
            part = b""
        self.seen += part.decode(errors="replace")
        return bool(part)

    def wait_for(self, pattern, limit=20):
        """Waits for the pattern. Returns the output up to its end; the next wait begins after
        it."""
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
        """Sends text again and again, until the pattern appears: a program that is not ready yet
        discards its input."""
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
        """Waits for the program's end. Returns its exit code (negative: a signal) and the output
        since the last wait."""
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
        os.close(self.fd)  # the remaining processes get a SIGHUP
        self.fd = None
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
