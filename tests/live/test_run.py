"""pmp run samples a program from its first instruction on. The program runs as without pmp, and pmp
exits as the program does."""

import os
import pty
import re
import select
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb, need_live_python  # noqa: E402
from tap import (PMP, PYTHON, check, cleanup, equal, main, pmp, run, skip, temp_dir,  # noqa: E402
                 test)
from victims import be_subreaper, children, comm, leftover_children, state, tracer  # noqa: E402
from victims import wait_until  # noqa: E402

SPINNER = r"""
#include <fcntl.h>
#include <unistd.h>
volatile unsigned long counter;
int main(int argc, char **argv)
{
	alarm(argc * 30);
	close(open(argv[1], O_CREAT | O_WRONLY, 0600));
	for (;;)
		counter++;
}
"""
# Spends its time in a constructor, before main.
STARTER = r"""
#include <time.h>
volatile unsigned long counter;
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
__attribute__((constructor)) static void at_the_start(void)
{
	for (double end = now() + 0.5; now() < end;)
		for (int i = 0; i < 1000; i++)
			counter++;
}
int main(void)
{
	return 7;
}
"""
# Prints what a program inherits from its parent.
INHERITED = r"""
import os
keys = ("SigP", "SigB", "SigI", "SigC", "Groups", "NoNewPrivs")
status = [line for line in open("/proc/self/status") if line.startswith(keys)]
print("".join(status), sorted(os.listdir("/proc/self/fd"))[:-1], sorted(os.environ.items()),
      os.getcwd(), os.getpgrp() == os.getpgid(os.getppid()),
      os.getsid(0) == os.getsid(os.getppid()), os.read(0, 100))
"""


# A script that executes env, which executes a Python, which executes another Python.
CHAIN = """#!%(sh)s
for i in $(seq 300000); do :; done
exec env %(python)s -S -c '
import os
def first():
    n = 0
    while n < 1.2e7: n += 1
first()
os.execv("%(python)s", ["python3", "-S", "-c",
                        "def second():\\n n = 0\\n while n < 1.2e7: n += 1\\nsecond()"])'
""" % {"sh": "/bin/sh", "python": PYTHON}


def script(text, mode=stat.S_IRWXU):
    path = os.path.join(temp_dir(), "program")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def compiled(text, *flags):
    path = os.path.join(temp_dir(), "program")
    subprocess.run(["gcc", "-O1", "-g", "-x", "c", "-", "-o", path, *flags], input=text.encode(),
                   check=True)
    return path


def run_sampled(*words, options=(), code=0):
    """The profile of a run that has to end with this exit code."""
    path = os.path.join(temp_dir(), "p.yaml")
    result = pmp("run", "-q", "-o", path, *options, *words)
    equal((result.code, result.err), (code, ""), result)
    return Profile.load(path)


@test("a program of half a second that spends its time before main has whole stacks")
def _():
    need_gdb()
    for flags in ((), ("-static",)):
        profile = run_sampled(compiled(STARTER, *flags), options=("-r", "50"), code=7)
        profile.check_whole()
        check(profile.total >= 5, "%d stacks" % profile.total, flags)
        check(profile.share("at_the_start") > 60, "the start", flags, profile.tree)
        check(profile.weight_below("_start", "at_the_start") > 0.6 * profile.total, "whole stacks",
              flags, profile.tree)


@test("a program that ends before the first sample is reported once")
def _():
    need_gdb()
    result = pmp("run", "true")
    equal((result.code, result.out, result.err.count("ended before the first sample")), (0, "", 1),
          result)


@test("Python frames although pmp attaches before Python; stdout is the program's, not the tree's")
def _():
    need_live_python()
    # The share of the interpreter's start depends on the machine, and gives the tree a second
    # branch. All other samples must be whole stacks.
    result = pmp("run", "-r", "50", "--", PYTHON, "-S", "-c",
                 "def work():\n n = 0\n while n < 2e7: n += 1\nwork(); print('done')")
    equal((result.code, result.out), (0, "done\n"), result)
    work = re.search(r"(\d+\.\d)% .* py\W+work \(<string>\)", result.err)
    check(work and float(work.group(1)) > 60, result)
    check(re.search(r"samples: \d+ asked, \d+ taken, \d+ late, 0 failed", result.err), result)


@test("a program that executes another: each one is in the profile, no stack is lost")
def _():
    need_live_python()
    profile = run_sampled(script(CHAIN), options=("-r", "50"))
    profile.check_whole()
    equal(profile.stacks["lost"], 0, profile.tree)
    shell = os.path.realpath("/bin/sh")
    check(any(path[-1].get("module") == shell for path in profile.paths()), "the shell",
          profile.tree)
    for name in ("first", "second"):
        check(profile.weight(name, "python") >= 4, name, profile.tree)


@test("pmp's exit code is that of the program, its signal, or of a failed start")
def _():
    need_gdb()
    for words, code in ((("true",), 0), (("sh", "-c", "exit 3"), 3),
                        (("sh", "-c", "kill -TERM $$"), 143), (("sh", "-c", "kill -KILL $$"), 137)):
        equal(pmp("run", "-q", *words).code, code, words)
    rows = (("no-such-program", 127, "it is not found on PATH"), ("/no/such", 127, "no such file"),
            (script("#!/bin/sh\n", stat.S_IRUSR), 126, "ermission denied"),
            ("/", 126, "ermission denied"), (script("#!/no/such\n"), 126, "interpreter"))
    for name, code, text in rows:
        # A folder on PATH that this user may not read would make it "permission denied".
        result = pmp("run", name, env={"PATH": "/usr/bin:/bin"})
        equal((result.code, result.out, result.err.count("\n")), (code, "", 1), result)
        check(text in result.err, text, result)
    mark = os.path.join(temp_dir(), "mark")
    result = pmp("run", "--gdb", "/nowhere/gdb", "--", "touch", mark)
    equal(result.code, 5, result)
    result = pmp("run", "--gdb", script("#!/bin/sh\nexit 1\n"), "--", "touch", mark)
    equal(result.code, 5, result)
    check(not os.path.exists(mark), "the program was started")
    result = pmp("run", "-o", "/no/such/p.yaml", "touch", mark)
    equal(result.code, 9, result)
    check(not os.path.exists(mark), "the program was started")


@test("the program inherits pmp's signals, descriptors, environment, working directory and stdin")
def _():
    need_gdb()
    for before in ("", "trap '' USR1 PIPE HUP; exec 7</dev/null; ", "exec 2>&-; ulimit -n 50; "):
        alone = run("sh", "-c", before + '"$@"; exit', "-", PYTHON, "-c", INHERITED, stdin="in")
        with_pmp = run("sh", "-c", before + '"$@"; exit', "-", PMP, "run", "-q", "--", PYTHON, "-c",
                       INHERITED, stdin="in")
        equal(with_pmp.out, alone.out, before)


def build_spinner():
    """(path of the program, path of the file that it creates when it starts)."""
    return compiled(SPINNER), os.path.join(temp_dir(), "begun")


def start_pmp_run(*words):
    folder = temp_dir()
    with open(os.path.join(folder, "stderr"), "wb") as stderr_file:
        process = subprocess.Popen([PMP, "run", "-q", "-o", os.path.join(folder, "p.yaml"), *words],
                                   stdin=subprocess.DEVNULL, stderr=stderr_file,
                                   start_new_session=True)
    process.stderr_path = stderr_file.name
    cleanup(end, process.pid)
    return process


def end(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def wait_end(process):
    """(exit code, stderr) of the process."""
    process.wait(20)
    with open(process.stderr_path, "rb") as file:
        return process.returncode, file.read()


@test("pmp forwards signals to the program, also before it has started")
def _():
    need_gdb()
    program, mark = build_spinner()
    for number, at_once in ((signal.SIGTERM, False), (signal.SIGUSR1, False),
                            (signal.SIGINT, False), (signal.SIGHUP, True)):
        process = start_pmp_run(program, mark)
        check(wait_until(lambda: at_once and children(process.pid) or os.path.exists(mark), 20),
              "the program has not started")
        os.kill(process.pid, number)
        equal(wait_end(process), (128 + number, b""), number)
        if os.path.exists(mark):
            os.unlink(mark)


@test("after SIGKILL of pmp, gdb or both the program runs or was never started; nothing is left")
def _():
    need_gdb()
    be_subreaper()
    program, mark = build_spinner()
    for who, moments in (("pmp", (0.002, 0.05, 0.15)), ("both", (0.1, 0.15, 0.2, 0.3)),
                         ("gdb", (0.05, 0.2))):
        for moment in moments:
            process = start_pmp_run("-r", "50", program, mark)
            time.sleep(moment)
            gdbs = [pid for pid in children(process.pid) if comm(pid) == "gdb"]
            for pid in ([] if who == "pmp" else gdbs) + ([] if who == "gdb" else [process.pid]):
                os.kill(pid, signal.SIGKILL)
            programs = []
            if who == "gdb":
                programs = [pid for pid in children(process.pid) if comm(pid) == "program"]
            if who != "gdb":
                wait_end(process)
                known = [pid for pid in children(os.getpid()) if comm(pid) == "program"]
                equal(leftover_children(known, 10)[1], [], (who, moment))
                programs = [pid for pid in children(os.getpid()) if comm(pid) == "program"]
            check(programs or not os.path.exists(mark), "the program has started and ended", who,
                  moment)
            for pid in programs:
                # A program that is held at its exec has its name already, and ends with pmp.
                check(wait_until(lambda pid=pid: state(pid) in "RS" and os.path.exists(mark)
                                 or state(pid) == "Z", 20),
                      state(pid), who, moment)
                check(state(pid) != "Z" or not os.path.exists(mark),
                      "the program has started and ended", who, moment)
                check(who == "gdb" or not tracer(pid), "traced", who, moment)
                os.kill(pid, signal.SIGKILL)
                if who != "gdb":
                    os.waitpid(pid, 0)
            if who == "gdb":
                equal(wait_end(process), (137, b""), moment)
            if os.path.exists(mark):
                os.unlink(mark)


@test("--children samples children that the program starts later; the exit code is the program's")
def _():
    need_gdb()
    program, mark = build_spinner()
    process = start_pmp_run("--children", "sh", "-c", "%s %s & wait $!" % (program, mark))
    check(wait_until(lambda: os.path.exists(mark), 20), "the program has not started")
    pid = int(run("pgrep", "-f", "^%s" % program).out)
    check(wait_until(lambda: tracer(pid), 20), "the child is not sampled")
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)
    equal(wait_end(process)[0], 137)
    profile = Profile.load(os.path.join(os.path.dirname(process.stderr_path), "p.yaml"))
    check(profile.weight_below("program (pid %d)" % pid, "main"), "the child's functions",
          profile.tree)
    profile.check_whole()


class Terminal:
    """An interactive shell in a pseudo-terminal."""

    def __init__(self):
        if not shutil.which("bash"):
            skip("bash is missing")
        pid, self.fd = pty.fork()
        if not pid:
            os.execvpe("bash", ["bash", "--norc", "-i"],
                       dict(os.environ, PS1="$ ", TERM="dumb", LC_ALL="C"))
        self.seen = ""
        cleanup(self.close, pid)

    def close(self, pid):
        os.close(self.fd)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def type(self, text):
        self.seen = ""
        os.write(self.fd, text.encode())

    def wait_for(self, pattern, limit=20):
        deadline = time.monotonic() + limit
        while not re.search(pattern, self.seen):
            check(time.monotonic() < deadline, "%s is not on the terminal" % pattern, self.seen)
            if select.select([self.fd], [], [], 0.1)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")


@test("in a terminal: input, Ctrl-Z and fg, Ctrl-C to both, a second Ctrl-C to pmp only")
def _():
    need_gdb()
    program, mark = build_spinner()
    terminal = Terminal()
    terminal.type("%s run -q -- sh -c 'trap \"\" INT; read x; echo got $x; exec %s %s'\n"
                  % (shlex.quote(PMP), program, mark))
    terminal.type("word\n")
    terminal.wait_for("got word")
    check(wait_until(lambda: os.path.exists(mark), 20), "the program has not started")
    terminal.type("\x1a")
    terminal.wait_for("Stopped")
    terminal.type("ps -o stat,comm | cat\n")
    terminal.wait_for(r"TN? +program")  # N: with a low priority
    terminal.type("fg\n")
    pid = int(run("pgrep", "-f", "^%s" % program).out)
    check(wait_until(lambda: state(pid) in "RS" and tracer(pid), 20),
          "the program is not sampled again", state(pid))
    terminal.type("\x03")
    time.sleep(0.3)
    check(state(pid) in "Rt", "the program does not ignore SIGINT")
    terminal.type("\x03")
    terminal.wait_for(r"samples: \d+ asked[^$]*pmp: interrupted[^$]*\$ ")
    check(wait_until(lambda: state(pid) == "R" and not tracer(pid), 5),
          "the program does not run on", state(pid))
    os.kill(pid, signal.SIGKILL)
    os.unlink(mark)
    terminal.type("%s run -q -- %s %s\n" % (shlex.quote(PMP), program, mark))
    check(wait_until(lambda: os.path.exists(mark), 20), "the program has not started")
    terminal.type("\x03")
    terminal.wait_for(r"samples: \d+ asked[^$]*\$ ")
    terminal.type("echo code $?\n")
    terminal.wait_for("code 130")


main()
