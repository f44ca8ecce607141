"""The processes of one situation, and what a table of services has."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

LIMIT = 40  # seconds until a service must answer
# Scripts of Debian's packages start the python3 that they find.
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Service:
    """name; packages: of Debian; commands: that must exist; options: of pmp dump; situations:
    [Situation]."""

    def __init__(self, name, packages, commands, situations, options=()):
        self.name, self.packages, self.commands = name, packages, commands
        self.situations, self.options = situations, options


class Situation:
    """name; start(machine): makes it and returns the pid to dump; kinds: of the verdict; patterns:
    each is found in the verdict's lines."""

    def __init__(self, name, start, kinds, *patterns):
        self.name, self.start, self.kinds, self.patterns = name, start, kinds, patterns


def of(start, *words):
    """The start of a situation: start(machine, *words)."""
    return lambda machine: start(machine, *words)


IDLE = ("idle",), "nothing says that it hangs"  # kinds and pattern of a service without work


class Machine:
    """A folder, ports and processes. All end with it."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="pmp-services-")
        os.chmod(self.folder, 0o777)
        self.processes, self.sockets = [], []
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.end(process)
        for sock in self.sockets:
            sock.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path

    def port(self):
        """A free port of loopback."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return sock.getsockname()[1]

    def silent_port(self):
        """The port of a server that accepts and never answers."""
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        sock.listen(100)
        self.sockets.append(sock)
        return sock.getsockname()[1]

    def start(self, *argv, port=0, user=None, env=None, settle=0.0):
        """The process, which listens at the port (0: none) when this returns."""
        demote = None
        if user and os.geteuid() == 0:
            entry = pwd.getpwnam(user)

            def demote():
                os.setgid(entry.pw_gid)
                os.setuid(entry.pw_uid)
        log = self.path("log-%d" % len(self.processes))
        with open(log, "w", encoding="utf-8") as file:
            process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL,
                                       stdout=file, stderr=file, cwd=self.folder,
                                       preexec_fn=demote, start_new_session=True,
                                       env=dict(os.environ, PATH=PATH, **(env or {})))
        self.processes.append(process)
        if port:
            self.wait_port(process, port, log)
        time.sleep(settle)
        return process

    def wait_port(self, process, port, log):
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        with open(log, encoding="utf-8", errors="replace") as file:
            raise AssertionError("%s does not listen: %s" % (
                process.args[0], " ".join(file.read().split("\n")[-4:])))

    def send(self, port, text, settle=1.0):
        """Sends a request and leaves the connection open."""
        sock = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.sockets.append(sock)
        sock.sendall(text.encode())
        time.sleep(settle)
        return sock

    def get(self, port, path, settle=1.0):
        """An HTTP request without waiting for the answer."""
        return self.send(port, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path, settle)

    def end(self, process):
        """Ends the process and its session, by pid."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                pass
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                continue
        self.end_session(process.pid)

    def end_session(self, session):
        """Workers that have a process group of their own."""
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and os.getsid(int(name)) == session:
                    os.kill(int(name), signal.SIGKILL)
            except OSError:
                pass
