"""pmp run: a program is sampled from its first instruction on, runs as it would without pmp, and pmp ends as it does."""

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
# What takes its time is what runs before main.
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
# All that a program gets of its parent, but the environment's one word that tells it which it is.
INHERITED = r"""
import os
status = [line for line in open("/proc/self/status") if line.startswith(("SigP", "SigB", "SigI", "SigC", "Groups", "NoNewPrivs"))]
print("".join(status), sorted(os.listdir("/proc/self/fd"))[:-1], sorted(os.environ.items()), os.getcwd(),
      os.getpgrp() == os.getpgid(os.getppid()), os.getsid(0) == os.getsid(os.getppid()), os.read(0, 100))
"""


# A program that executes another one, three times.
CHAIN = """#!%(sh)s
for i in $(seq 300000); do :; done
exec env %(python)s -S -c '
import os
def first():
    n = 0
    while n < 4e6: n += 1
first()
os.execv("%(python)s", ["python3", "-S", "-c", "def second():\\n n = 0\\n while n < 4e6: n += 1\\nsecond()"])'
""" % {"sh": "/bin/sh", "python": PYTHON}


def script(text, mode=stat.S_IRWXU):
    path = os.path.join(temp_dir(), "program")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def compiled(text, *flags):
    path = os.path.join(temp_dir(), "program")
    subprocess.run(["gcc", "-O1", "-g", "-x", "c", "-", "-o", path, *flags], input=text.encode(), check=True)
    return path


def sampled(*words, options=(), code=0):
    """The profile of a run that has to end so."""
    path = os.path.join(temp_dir(), "p.yaml")
    result = pmp("run", "-q", "-o", path, *options, *words)
    equal((result.code, result.err), (code, ""), result)
    return Profile.load(path)


@test("a program that lives for half a second, and whose start is what takes it")
def _():
    need_gdb()
    for flags in ((), ("-static",)):
        profile = sampled(compiled(STARTER, *flags), options=("-r", "50"), code=7)
        profile.check_whole()
        check(profile.total >= 5, "%d stacks" % profile.total, flags)
        check(profile.share("at_the_start") > 60, "the start", flags, profile.tree)
        check(profile.weight_below("_start", "at_the_start") > 0.6 * profile.total, "whole stacks", flags, profile.tree)


@test("one that is over before the first sample: that is said, once")
def _():
    need_gdb()
    result = pmp("run", "true")
    equal((result.code, result.out, result.err.count("ended before the first sample")), (0, "", 1), result)


@test("Python's frames, though nothing of it was there at the attach; stdout is the program's, the tree on stderr")
def _():
    need_live_python()
    # What the interpreter's start takes is the disk's and the machine's affair, and where a sample finds it the tree has a
    # second branch; that the rest is whole stacks is ours.
    result = pmp("run", "-r", "50", "--", PYTHON, "-S", "-c", "def work():\n n = 0\n while n < 2e7: n += 1\nwork(); print('done')")
    equal((result.code, result.out), (0, "done\n"), result)
    work = re.search(r"(\d+\.\d)% .* py\W+work \(<string>\)", result.err)
    check(work and float(work.group(1)) > 60, result)
    check(re.search(r"samples: \d+ asked, \d+ taken, \d+ late, 0 failed", result.err), result)


@test("a program that executes another: each is seen, without a gap")
def _():
    need_live_python()
    profile = sampled(script(CHAIN), options=("-r", "50"))
    profile.check_whole()
    equal(profile.stacks["lost"], 0, profile.tree)
    shell = os.path.realpath("/bin/sh")
    check(any(path[-1].get("module") == shell for path in profile.paths()), "the shell", profile.tree)
    for name in ("first", "second"):
        check(profile.weight(name, "python") >= 4, name, profile.tree)


@test("a program ends as it does, and so does pmp: its code, a signal, or none at all")
def _():
    need_gdb()
    for words, code in ((("true",), 0), (("sh", "-c", "exit 3"), 3), (("sh", "-c", "kill -TERM $$"), 143),
                        (("sh", "-c", "kill -KILL $$"), 137)):
        equal(pmp("run", "-q", *words).code, code, words)
    for name, code, said in (("no-such-program", 127, "it is not found on PATH"), ("/no/such", 127, "no such file"),
                             (script("#!/bin/sh\n", stat.S_IRUSR), 126, "ermission denied"), ("/", 126, "ermission denied"),
                             (script("#!/no/such\n"), 126, "interpreter")):
        result = pmp("run", name)
        equal((result.code, result.out, result.err.count("\n")), (code, "", 1), result)
        check(said in result.err, said, result)
    mark = os.path.join(temp_dir(), "mark")
    result = pmp("run", "--gdb", "/nowhere/gdb", "--", "touch", mark)
    equal(result.code, 5, result)
    result = pmp("run", "--gdb", script("#!/bin/sh\nexit 1\n"), "--", "touch", mark)
    equal(result.code, 5, result)
    check(not os.path.exists(mark), "it was not run")
    result = pmp("run", "-o", "/no/such/p.yaml", "touch", mark)
    equal(result.code, 9, result)
    check(not os.path.exists(mark), "it was not run")


@test("what a program gets of its parent is what pmp got: signals, descriptors, environment, folder, standard input")
def _():
    need_gdb()
    for before in ("", "trap '' USR1 PIPE HUP; exec 7</dev/null; ", "exec 2>&-; ulimit -n 50; "):
        alone = run("sh", "-c", before + '"$@"; exit', "-", PYTHON, "-c", INHERITED, stdin="in")
        with_pmp = run("sh", "-c", before + '"$@"; exit', "-", PMP, "run", "-q", "--", PYTHON, "-c", INHERITED, stdin="in")
        equal(with_pmp.out, alone.out, before)


def spinner():
    """Its path, and that of a file that it makes as it begins."""
    return compiled(SPINNER), os.path.join(temp_dir(), "begun")


def started(*words):
    folder = temp_dir()
    with open(os.path.join(folder, "said"), "wb") as said:
        process = subprocess.Popen([PMP, "run", "-q", "-o", os.path.join(folder, "p.yaml"), *words], stdin=subprocess.DEVNULL,
                                   stderr=said, start_new_session=True)
    process.said = said.name
    cleanup(end, process.pid)
    return process


def end(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def ended(process):
    """Its (code, what it said)."""
    process.wait(20)
    with open(process.said, "rb") as file:
        return process.returncode, file.read()


@test("signals that come to pmp are the program's, before it has begun, too")
def _():
    need_gdb()
    program, mark = spinner()
    for number, at_once in ((signal.SIGTERM, False), (signal.SIGUSR1, False), (signal.SIGINT, False), (signal.SIGHUP, True)):
        process = started(program, mark)
        check(wait_until(lambda: at_once and children(process.pid) or os.path.exists(mark), 20), "it has begun")
        os.kill(process.pid, number)
        equal(ended(process), (128 + number, b""), number)
        if os.path.exists(mark):
            os.unlink(mark)


@test("whoever is killed at whatever moment, the program runs on or has not begun, and nothing is left")
def _():
    need_gdb()
    be_subreaper()
    program, mark = spinner()
    for who, moments in (("pmp", (0.002, 0.05, 0.15)), ("both", (0.1, 0.15, 0.2, 0.3)), ("gdb", (0.05, 0.2))):
        for moment in moments:
            process = started("-r", "50", program, mark)
            time.sleep(moment)
            gdbs = [pid for pid in children(process.pid) if comm(pid) == "gdb"]
            for pid in ([] if who == "pmp" else gdbs) + ([] if who == "gdb" else [process.pid]):
                os.kill(pid, signal.SIGKILL)
            regs = [pid for pid in children(process.pid) if comm(pid) == "program"] if who == "gdb" else []
            if who != "gdb":
                ended(process)
                known = [pid for pid in children(os.getpid()) if comm(pid) == "program"]
                equal(leftover_children(known, 10)[1], [], (who, moment))
                regs = [pid for pid in children(os.getpid()) if comm(pid) == "program"]
            check(regs or not os.path.exists(mark), "it has begun, and ended", who, moment)
            for pid in regs:
                # Held at its exec it has its name already, and ends with pmp.
                check(wait_until(lambda pid=pid: state(pid) in "RS" and os.path.exists(mark) or state(pid) == "Z", 20),
                      state(pid), who, moment)
                check(state(pid) != "Z" or not os.path.exists(mark), "it has begun, and ended", who, moment)
                check(who == "gdb" or not tracer(pid), "traced", who, moment)
                os.kill(pid, signal.SIGKILL)
                if who != "gdb":
                    os.waitpid(pid, 0)
            if who == "gdb":
                equal(ended(process), (137, b""), moment)
            if os.path.exists(mark):
                os.unlink(mark)


@test("--children: those that the program begins later; it ends as ever")
def _():
    need_gdb()
    program, mark = spinner()
    process = started("--children", "sh", "-c", "%s %s & wait $!" % (program, mark))
    check(wait_until(lambda: os.path.exists(mark), 20), "it has begun")
    pid = int(run("pgrep", "-f", "^%s" % program).out)
    check(wait_until(lambda: tracer(pid), 20), "it is sampled")
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)
    equal(ended(process)[0], 137)
    profile = Profile.load(os.path.join(os.path.dirname(process.said), "p.yaml"))
    check(profile.weight_below("program (pid %d)" % pid, "main"), "its functions", profile.tree)
    profile.check_whole()


class Terminal:
    """An interactive shell in one."""

    def __init__(self):
        if not shutil.which("bash"):
            skip("bash is missing")
        pid, self.fd = pty.fork()
        if not pid:
            os.execvpe("bash", ["bash", "--norc", "-i"], dict(os.environ, PS1="$ ", TERM="dumb", LC_ALL="C"))
        self.seen = ""
        cleanup(self.close, pid)

    def close(self, pid):
        os.close(self.fd)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def type(self, text):
        self.seen = ""
        os.write(self.fd, text.encode())

    def see(self, pattern, limit=20):
        deadline = time.monotonic() + limit
        while not re.search(pattern, self.seen):
            check(time.monotonic() < deadline, "%s does not come" % pattern, self.seen)
            if select.select([self.fd], [], [], 0.1)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")


@test("in a terminal: Ctrl-Z and fg, Ctrl-C for both, a second one for pmp alone, input from it")
def _():
    need_gdb()
    program, mark = spinner()
    terminal = Terminal()
    terminal.type("%s run -q -- sh -c 'trap \"\" INT; read x; echo got $x; exec %s %s'\n" % (shlex.quote(PMP), program, mark))
    terminal.type("word\n")
    terminal.see("got word")
    check(wait_until(lambda: os.path.exists(mark), 20), "it has begun")
    terminal.type("\x1a")
    terminal.see("Stopped")
    terminal.type("ps -o stat,comm | cat\n")
    terminal.see(r"TN? +program")  # N: with a low priority
    terminal.type("fg\n")
    pid = int(run("pgrep", "-f", "^%s" % program).out)
    check(wait_until(lambda: state(pid) in "RS" and tracer(pid), 20), "it is sampled again", state(pid))
    terminal.type("\x03")
    time.sleep(0.3)
    check(state(pid) in "Rt", "it ignores that")
    terminal.type("\x03")
    terminal.see(r"samples: \d+ asked[^$]*pmp: interrupted[^$]*\$ ")
    check(wait_until(lambda: state(pid) == "R" and not tracer(pid), 5), "it runs on", state(pid))
    os.kill(pid, signal.SIGKILL)
    os.unlink(mark)
    terminal.type("%s run -q -- %s %s\n" % (shlex.quote(PMP), program, mark))
    check(wait_until(lambda: os.path.exists(mark), 20), "it has begun")
    terminal.type("\x03")
    terminal.see(r"samples: \d+ asked[^$]*\$ ")
    terminal.type("echo code $?\n")
    terminal.see("code 130")


main()
