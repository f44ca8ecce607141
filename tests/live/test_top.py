"""pmp top in a tmux terminal: its screen, its keys, and the state of the terminal and the process
afterwards."""

import fcntl
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import (LIMIT, PMP, PYTHON, Target, check, children, cleanup, equal, main,  # noqa: E402
                 note, pmp, proc_status, run, skip, temp_dir, test)

# Runs in `first` or in `second`; SIGUSR1 switches. Another thread sleeps.
TURNS = """
import os, signal, threading, time
turn = 0
def change(*_):
    global turn
    turn = 1 - turn
def first():
    while not turn:
        pass
def second():
    while turn:
        pass
signal.signal(signal.SIGUSR1, change)
threading.Thread(target=time.sleep, args=(100,), daemon=True, name="sleeper").start()
print("ready %d" % os.getpid(), flush=True)
for i in range(100):
    first()
    second()
"""
FIRST_ROW = 6  # first row of the table, below the header and the column heads


def process_tree(pid):
    try:
        return [pid] + [one for child in children(pid) for one in process_tree(child)]
    except FileNotFoundError:
        return []


def await_end_of(pids):
    deadline = time.monotonic() + 10
    while any(proc_status(pid, "State")[:1] not in ("", "Z") for pid in pids):
        check(time.monotonic() < deadline, "processes are left", pids)
        time.sleep(0.05)


class Terminal:
    """A shell in a new tmux server."""

    def __init__(self, columns=80, rows=24, **env):
        if not shutil.which("tmux"):
            skip("tmux is missing")
        self.folder = temp_dir()
        self.env = {**os.environ, "TMUX_TMPDIR": self.folder, "LC_ALL": "C.UTF-8", "PS1": "$ ",
                    **env}
        self.env.pop("TMUX", None)
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "sh")
        cleanup(self.close)
        self.shell = int(self.tmux("display", "-p", "#{pane_pid}"))

    def tmux(self, *words):
        argv = ["tmux", "-L", "pmp-test-%d" % os.getpid(), "-f", "/dev/null", *words]
        found = subprocess.run(argv, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               timeout=LIMIT, check=False)
        return found.stdout.decode(errors="replace").rstrip("\n")

    def close(self):
        pids = process_tree(self.shell)
        self.tmux("kill-server")
        await_end_of(pids)

    def keys(self, *words):
        self.tmux("send-keys", *words)

    def type(self, text):
        self.tmux("send-keys", "-l", text)
        self.keys("Enter")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def row(self, number):
        rows = self.screen().split("\n")
        return rows[number] if number < len(rows) else ""

    def wait(self, pattern, limit=20, row=None):
        """Waits until the screen, or one of its rows, matches; returns the match."""
        deadline = time.monotonic() + limit
        while True:
            text = self.screen() if row is None else self.row(row)
            found = re.search(pattern, text, re.MULTILINE)
            if found:
                return found
            check(time.monotonic() < deadline, "%r is not there" % pattern, self.screen())
            time.sleep(0.05)

    def output(self, command):
        """The command's output on a clear screen, as one line."""
        self.type("clear; " + command + "; echo E''ND")
        self.wait("^END")
        return self.screen().split("END")[0].replace("\n", "")


def start_top(terminal, target, *options):
    """Starts pmp top and waits for its first samples; returns its pid."""
    terminal.type("clear; %s top -p %d %s; echo code $?"
                  % (shlex.quote(PMP), target.pid, " ".join(options)))
    terminal.wait(r"^samples  [1-9]\d* at")
    return children(terminal.shell)[0]


def start_turns():
    need_live_python()
    return Target(PYTHON, "-c", TURNS)


def code(terminal):
    return int(terminal.wait(r"^code (\d+)$").group(1))


def check_restored(terminal, before):
    equal(terminal.output("stty -g"), before, "the terminal's settings")
    equal(terminal.tmux("display", "-p", "#{alternate_on} #{cursor_flag} #{keypad_cursor_flag}"),
          "0 1 0")


@test("the first row follows the target, each key works, and the terminal is restored")
def _():
    target, terminal, folder = start_turns(), Terminal(), temp_dir()
    before = terminal.output("cd %s; stty -g" % folder)
    start_top(terminal, target)
    terminal.wait("first", row=FIRST_ROW)
    began = time.monotonic()
    os.kill(target.pid, signal.SIGUSR1)
    terminal.wait("second", row=FIRST_ROW)
    note("the first row changed after %.1f s" % (time.monotonic() - began))
    check(time.monotonic() - began < 4, "the first row changed late")
    terminal.wait(r"^threads  2: 1 running, 1 sleeping; CPU \d+ %\nwaits +1 clock_nanosleep$")
    terminal.wait(r"^pauses   last \d+\.\d ms, median .*; stopped for \d+\.\d+ % of the time$")
    equal(len(terminal.screen().split("\n")), 24)

    terminal.wait(">self .*last 2 s, [0-9]+ of [0-9]+ ran", row=FIRST_ROW - 1)
    check("nanosleep" not in terminal.screen().split("function")[1], terminal.screen())
    terminal.keys("s", "r")
    terminal.wait(">total .*last 2 s, [0-9]+ stacks", row=FIRST_ROW - 1)
    check("nanosleep" in terminal.screen().split("function")[1], terminal.screen())
    terminal.keys("a")
    terminal.wait("since start, [0-9]+ stacks", row=FIRST_ROW - 1)
    terminal.keys("a", "+")
    terminal.wait("last 5 s,", row=FIRST_ROW - 1)
    terminal.keys("c")
    terminal.wait(r"call tree +last 5 s", row=FIRST_ROW - 1)
    terminal.wait("<module>.*\n.*(first|second)")
    terminal.keys("t")
    terminal.wait(r"^ *%d +[RS] +[0-9.]+ .*(first|second)" % target.pid)
    terminal.wait(r"^ *\d+ +S +0\.\d .*Thread\.run")
    terminal.keys("?")
    terminal.wait("What it does")
    terminal.keys("?", "f")
    terminal.wait(">total")

    terminal.keys("Space")
    terminal.wait("held", row=FIRST_ROW - 1)
    samples = terminal.row(1)
    terminal.keys("Down", "Down", "Up", "End", "NPage", "PPage", "Home")
    equal(terminal.row(1), samples, "the paused display changes")
    terminal.keys("Space")
    terminal.wait(">total .* last", row=FIRST_ROW - 1)

    terminal.keys("w")
    terminal.wait(r"^write to .*: [a-z0-9.-]+-%d\.yaml" % target.pid)
    terminal.keys("C-u")
    terminal.tmux("send-keys", "-l", "so fax")
    terminal.keys("BSpace")
    terminal.type("r.nothing")
    terminal.wait("-o so far.nothing: its suffix names no format")
    terminal.keys("w", "C-u")
    terminal.type("so far.yaml")
    terminal.wait("written: so far.yaml")
    path = os.path.join(folder, "so far.yaml")
    check(Profile(pmp("show", path, "-f", "yaml").out).share("first", "python") > 0, path)
    equal(os.listdir(folder), ["so far.yaml"])

    terminal.tmux("resize-window", "-x", "100", "-y", "9")
    terminal.wait(r"written: ", row=8)
    terminal.keys("-")
    terminal.tmux("resize-window", "-x", "100", "-y", "30")
    terminal.wait(r"q quit", row=29)
    terminal.keys("C-z")
    terminal.wait(r"Stopped|Suspended")
    terminal.type("clear; fg; echo code $?")
    terminal.wait("q quit", row=29)
    terminal.keys("q")
    terminal.wait(r"^samples: \d+ asked, \d+ taken, .*\n^stacks: .*\n^pauses: .*$")
    equal(code(terminal), 0)
    check_restored(terminal, before)
    target.check_unharmed()


@test("Ctrl-C ends pmp top, also on an unknown terminal")
def _():
    target, terminal = start_turns(), Terminal(TERM="")
    before = terminal.output("stty -g")
    terminal.type("TERM=some-terminal")
    start_top(terminal, target, "-o", "/dev/full", "-f", "yaml")
    terminal.keys("C-c")
    equal(code(terminal), 9)
    check_restored(terminal, before)
    target.check_unharmed()


@test("after the process has ended, the screen stays, and -o writes the profile")
def _():
    target, terminal = start_turns(), Terminal()
    before, path = terminal.output("stty -g"), os.path.join(temp_dir(), "all.collapsed")
    start_top(terminal, target, "-r", "20", "-d", "1000", "-o", path)
    terminal.wait(r"^samples .*; 99\d s left$")
    target.stop()
    terminal.wait("It has ended")
    terminal.keys("c")
    terminal.wait("call tree")
    terminal.keys("q")
    terminal.wait("^pauses: ")
    equal(code(terminal), 0)
    check_restored(terminal, before)
    with open(path, encoding="utf-8") as file:
        check("first" in file.read(), path)


@test("pmp top ends when its terminal is closed, and the process runs on")
def _():
    target, terminal = start_turns(), Terminal()
    terminal.tmux("set", "-g", "exit-empty", "off")
    top = start_top(terminal, target)
    pids = process_tree(top)
    check(len(pids) > 1, "pmp top has no gdb")
    terminal.tmux("kill-session")
    await_end_of(pids)
    target.check_unharmed()


@test("a terminal that stops reading delays neither the sampling nor the end")
def _():
    target, folder = start_turns(), temp_dir()
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 150, 300, 0, 0))
    raw = os.path.join(folder, "all.yaml")
    top = subprocess.Popen([PMP, "top", "-p", str(target.pid), "-r", "20", "-o", raw], stdin=slave,
                           stdout=slave, stderr=subprocess.DEVNULL,
                           env={**os.environ, "TERM": "xterm"}, start_new_session=True)
    cleanup(top.kill)
    os.close(slave)
    while b"stopped for" not in os.read(master, 100000):
        pass
    os.set_blocking(master, False)
    for _ in range(40):  # each key redraws the screen
        try:
            os.write(master, b"?c?f")
        except BlockingIOError:
            pass
        time.sleep(0.02)
    time.sleep(1)
    top.send_signal(signal.SIGTERM)
    equal(top.wait(10), 128 + signal.SIGTERM)
    os.close(master)
    with open(raw, encoding="utf-8") as file:
        taken = Profile(file.read()).sampling["taken"]
    check(taken > 20, "%d samples" % taken)
    target.check_unharmed()


@test("without a usable terminal it fails, and names the alternative")
def _():
    with Target("sleep", "100", ready=None) as target:
        found = pmp("top", "-p", target.pid)
        equal((found.code, found.out), (2, ""), found)
        check("stdout is no terminal" in found.err and "pmp -p PID" in found.err, found)
        found = run("script", "-qec", "TERM=dumb %s top -p %d" % (shlex.quote(PMP), target.pid),
                    "/dev/null")
        equal(found.code, 2, found)
        check("TERM is dumb" in found.out, found)
    equal(pmp("top").code, 2)


main()
