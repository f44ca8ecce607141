"""The table of tests/stress/torture.py: faults, moments, modes, and the checks after each case."""

import ctypes
import os
import resource
import shutil
import signal
import tempfile
import time

from tap import BUILD, ROOT
from victims import (CONT_BIT, EXIT_CODE, LIBC, STOP_BIT, Pmp, Victim, kill_children,
                     leftover_children, open_files, state, tids, tracer, wait_until)

MODES = ("seize", "plain", "dump")
MOMENTS = ("any", "starting", "attaching", "idle", "sampling", "detaching")
RATE = {"seize": 100, "each": 100, "plain": 5, "dump": 15}  # "each": an old name of seize
DUMP_OPTIONS = ("-o", "--save-raw", "--gdb")  # options of a run that dump also has
LIMIT = 30  # seconds until pmp's end, on a busy machine
CLEANUP_LIMIT = 5  # seconds until the end of processes left by a killed pmp; also measured
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18
SCALE = 1.0  # of the numbers of kills in a row (scaled)
FULL_FOLDER = None  # a folder on a full file system, if mounting one is permitted


def mount_private_tmp():
    """Mounts a /tmp of our own where that is permitted, so that files left there are pmp's."""
    global FULL_FOLDER
    private = not any(os.path.realpath(path).startswith("/tmp/") for path in (ROOT, BUILD)) \
        and LIBC.unshare(CLONE_NEWNS) == 0 and mount(b"none", b"/", None, MS_REC | MS_PRIVATE) \
        and mount(b"tmpfs", b"/tmp", b"size=64m", 0)
    if private:
        os.environ["TMPDIR"] = "/tmp"
        os.mkdir("/tmp/full")
        if mount(b"tmpfs", b"/tmp/full", b"size=4k", 0):
            FULL_FOLDER = "/tmp/full"
            with open(FULL_FOLDER + "/filler", "wb") as file:
                file.write(b"x" * 4096)


def mount(what, where, data, flags):
    kind = b"tmpfs" if what == b"tmpfs" else None
    return LIBC.mount(what, where, kind, ctypes.c_ulong(flags), data) == 0


def scaled(number):
    return max(1, int(number * SCALE))


def pmp_args(mode, pid, *args):
    """pmp's arguments to sample pid in this mode. args: options of a run, each with its value. A
    dump takes as many samples as the run would."""
    if mode != "dump":
        return ("-p", pid, "--attach", mode, "-r", RATE[mode]) + args
    pairs = list(zip(args[::2], args[1::2]))
    given = dict(pairs)
    rate, seconds = float(given.get("-r", RATE[mode])), float(given.get("-d", 0))
    words = ("dump", "-p", pid)
    words += tuple(word for pair in pairs if pair[0] in DUMP_OPTIONS for word in pair)
    if rate * seconds >= 2:
        words += ("--interval", 1 / rate, "--looks", int(rate * seconds))
    return words


class Row:
    def __init__(self, fault, moment, mode, act, codes=(0,), **more):
        self.fault, self.moment, self.mode = fault, moment, mode
        self.act = act  # makes the fault, called with the case; None: more["scenario"] does all
        self.codes = codes  # pmp's exit codes if the fault came in time
        self.more = more
        self.name = "%s, %s, %s" % (fault, moment, mode)


class Case:
    """One run of a row. Failures are in harm. end() removes all that it has created."""

    def __init__(self, row, rng):
        self.row, self.rng = row, rng
        self.harm, self.notes = [], []
        self.targets, self.missed, self.cleanup_seconds = 1, False, 0
        self.victim = self.pmp = None
        self.master = self.slave = self.reader = None
        self.command = self.exit_code = None  # sent to the victim; how it then ends
        self.no_gdb = False  # pmp had no gdb at the time of the fault
        self.folder = tempfile.mkdtemp(prefix="torture-")
        self.other_files = self.files()

    # Parts of a run.

    def mode_seizes(self):
        """Is no thread traced between two samples, nor after gdb's end?"""
        return self.row.mode != "plain"

    def files(self):
        root = os.environ.get("TMPDIR") if FULL_FOLDER else None
        return set(os.listdir(root)) if root else set()

    def start_victim(self, kind=None, argument=None, **options):
        self.victim = Victim(kind or self.rng.choice(("python", "threads", "threads", "busy")),
                             argument, **options)
        if not self.victim.ready:
            raise AssertionError("the victim is not ready")

    def start(self, *args, kind=None, number=None, stopped=False, **options):
        """Starts a victim, if there is none yet, and pmp."""
        if self.victim is None:
            self.start_victim(kind, number, stopped=stopped)
        self.output = os.path.join(self.folder, "out.yaml")
        where = [] if "-o" in args else ["-o", self.output]
        self.pmp = Pmp(*pmp_args(self.row.mode, self.victim.pid, *where, *args), **options)

    def await_moment(self):
        """Waits for the row's moment; False if pmp has ended before."""
        return getattr(self, "_await_" + self.row.moment)() and not self.pmp.has_ended()

    def _await(self, condition, pause=0.0):
        found = wait_until(lambda: self.pmp.has_ended() or condition(), LIMIT, pause)
        return found and not self.pmp.has_ended()

    def _sleep(self, longest):
        time.sleep(self.rng.uniform(0, longest))
        return True

    def _await_any(self):
        return self._sleep(1.5)

    def _await_starting(self):
        return self._await(self.pmp.gdbs) and self._sleep(0.3)

    def _await_attaching(self):
        """In plain gdb attaches. Else it reads the target's memory for the first time, and the
        first stop follows."""
        begun = self._is_read if self.mode_seizes() else lambda: tracer(self.victim.pid)
        return self._await(begun) and self._sleep(self.rng.choice((0, 0.02, 0.2)))

    def _is_read(self):
        """Does a gdb have the target's memory open?"""
        memory = "/proc/%d/mem" % self.victim.pid
        return any(memory in open_files(pid) for pid in self.pmp.gdbs())

    def _in_stop(self):
        """Is a thread in a stop of a tracer? A stop can be as short as 0.1 ms."""
        return any(state(self.victim.pid, tid) == "t" for tid in tids(self.victim.pid)[:3])

    def _await_idle(self):
        """Between two stops, as far as that can be said in a mode with short ones."""
        if self.mode_seizes():
            return self._await(self._is_read) and self._sleep(0.5)
        return (self._await(self._in_stop) and self._await(lambda: not self._in_stop())
                and self._sleep(0.2))

    def _await_sampling(self):
        if self.victim.stopped:
            return self._await(self._in_stop) and self._sleep(0.5)
        for _ in range(self.rng.randrange(1, 6 if self.row.mode == "seize" else 3)):
            if not self._await(self._in_stop):
                return False
            if not wait_until(lambda: not self._in_stop() or self.pmp.has_ended(), LIMIT, 0):
                return False
        return self._await(self._in_stop) and self._sleep(self.rng.choice((0, 0.0005, 0.01)))

    def _await_detaching(self):
        if not self._await(self._in_stop) or not self._sleep(0.3) or self.pmp.has_ended():
            return False
        os.kill(self.pmp.pid, signal.SIGINT)
        return self._sleep(0.05)

    # A whole run.

    def run(self):
        if self.row.act is None:
            self.row.more["scenario"](self)
            return
        seconds = 1.2 if self.row.mode == "seize" else 2
        stopped = self.row.more.get("stopped", True) and self.rng.random() < 0.15
        kind = self.rng.choice(("python", "threads")) if stopped else self.row.more.get("kind")
        if stopped:
            self.notes.append("the target was stopped before")
        args = self.row.more.get("args", ())
        if self.row.more.get("full"):
            if not FULL_FOLDER:
                self.targets = 0
                self.notes.append("mounting a full file system is not permitted")
                return
            args = (self.row.more["full"], FULL_FOLDER + "/out.yaml")
        self.start("-d", seconds, *args, kind=kind, stopped=stopped, **self.streams(),
                   env=self.row.more.get("env"))
        self.close_streams()
        # no_fault: the fault is in place from the start.
        self.missed = not self.await_moment() and self.row.act is not no_fault
        if not self.missed:
            self.row.act(self)
        self.await_pmp_end()
        self.check()

    def streams(self):
        if self.row.more.get("terminal"):
            self.master, self.slave = os.openpty()
            return {"terminal": self.slave}
        if self.row.more.get("pipe"):
            self.reader, self.slave = os.pipe()
            return {"stdout": self.slave}
        return {}

    def close_streams(self):
        """Closes our copy of the stream that only pmp uses."""
        if self.slave is not None:
            os.close(self.slave)
            self.slave = None

    def await_pmp_end(self, limit=LIMIT):
        if not wait_until(self.pmp.has_ended, limit, 0.002):
            self.harm.append("pmp has not ended after %d s: %s" % (limit, self.pmp_stderr()))

    def pmp_stderr(self):
        return self.pmp.text(self.pmp.err).strip()[-600:]

    def expected_codes(self):
        codes = set(self.row.codes)
        if self.missed and self.row.more.get("env") is not SHORT_TIMEOUTS:
            codes = {0}
        # Where gdb cannot attach, dump reports why, and exits with 0.
        if self.row.mode == "dump" and codes & {1, 5, 6, 7}:
            codes |= {0}
        if self.row.moment == "detaching":
            codes |= {130}
        # Before pmp handles signals, and after, they kill it like any program.
        if self.no_gdb or self.row.moment in ("any", "starting", "detaching"):
            codes |= {128 - code for code in codes if code > 128}
        return codes

    def check(self):
        """Checks everything after pmp's end."""
        codes = self.expected_codes()
        killed = self.pmp.code is not None and self.pmp.code < 0
        seen, left = leftover_children({self.victim.pid, self.pmp.pid}, CLEANUP_LIMIT)
        if killed and seen:
            self.cleanup_seconds = max(seconds for _, seconds in seen.values())
        if not killed and seen:
            self.notes.append("left for a moment after pmp's end: %s" % ", ".join(
                sorted({name for name, _ in seen.values()})))
        self.harm += ["left: " + what for what in left]
        if self.pmp.code is not None and self.pmp.code not in codes:
            self.harm.append("pmp's code is %d, not one of %s: %s" % (
                self.pmp.code, sorted(codes), self.pmp_stderr()))
        if "going on with --attach plain" in self.pmp_stderr():
            self.harm.append("gdb does not run the agent: %s" % self.pmp_stderr())
        self.check_files()
        self.check_victim()

    def check_without_pmp(self):
        """The same, if other processes than one pmp were the fault."""
        _, left = leftover_children({self.victim.pid}, CLEANUP_LIMIT)
        self.harm += ["left: " + what for what in left]
        self.check_victim()

    def check_victim(self):
        if self.exit_code is not None:
            self.harm += self.victim.harm_at_exit(self.exit_code)
            return
        if self.command:
            answer = self.victim.answer()
            if answer.split()[0] not in ("ready", "forked", "stormed"):
                self.harm.append("after the command %s: %s" % (self.command, answer))
            if self.command == "exec":
                self.victim.after_exec()
        # plain: a gdb that ends abruptly sends SIGCONT, to undo a stop that it requested and has
        # not seen. Where gdb attached to a stopped thread, a SIGSTOP waits for SIGCONT.
        if not self.mode_seizes():
            self.victim.allowed_pending = CONT_BIT if self.row.more.get("abrupt") else 0
            self.victim.allowed_pending |= STOP_BIT if self.victim.stopped else 0
        self.harm += self.victim.harm()
        if self.victim.cont_pending:
            self.notes.append("a thread that blocks SIGCONT has one pending")
        if self.victim.parent_saw:
            self.notes.append("its parent saw it stop")
            if self.mode_seizes() or not self.row.more.get("may_stop"):
                self.harm.append("its parent saw %s" % self.victim.parent_saw)
            self.victim.parent_saw = ""
        self.harm += self.victim.harm_in_use()

    def check_files(self):
        here = os.path.exists(self.output)
        codes = (0,) if self.row.mode == "dump" else (0, 129, 130, 143)
        results = self.pmp.code in codes and not any(
            words in self.pmp_stderr()
            for words in ("before the first sample", "no sample was taken"))
        if results and not here and not self.row.more.get("no_file"):
            self.harm.append("no results: code %d, %s" % (self.pmp.code, self.pmp_stderr()))
        if FULL_FOLDER and os.listdir(FULL_FOLDER) != ["filler"]:
            self.harm.append("left in the full folder: %s" % os.listdir(FULL_FOLDER))
        others = [name for name in os.listdir(self.folder)
                  if not name.startswith(("out.yaml", "raw"))]
        others += sorted(self.files() - self.other_files)
        self.harm += ["a file is left: %s" % name for name in others]

    def end(self):
        if self.pmp:
            if not self.pmp.has_ended():
                os.kill(self.pmp.pid, signal.SIGKILL)
                wait_until(self.pmp.has_ended, 5)
            self.pmp.close()
        if self.victim:
            self.victim.end()
        for fd in (self.master, self.slave, self.reader):
            if fd is not None:
                os.close(fd)
        kill_children()
        shutil.rmtree(self.folder, ignore_errors=True)


# Faults.


def send_signal(number, recipient):
    def act(case):
        gdbs = case.pmp.gdbs()
        case.no_gdb = not gdbs
        if recipient == "group":
            os.killpg(case.pmp.pid, number)
            return
        pids = {"pmp": [case.pmp.pid], "gdb": gdbs, "both": [case.pmp.pid] + gdbs}[recipient]
        case.rng.shuffle(pids)
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
    return act


no_fault = send_signal(0, "pmp")
RECIPIENTS = {"pmp": "pmp", "gdb": "gdb", "both": "pmp and gdb", "group": "pmp's process group"}


def signal_rows():
    """Rows of signals. SIGKILL to gdb also covers the kernel's out-of-memory killer."""
    for name in ("KILL", "TERM", "INT", "HUP"):
        number = getattr(signal, "SIG" + name)
        for recipient, words in RECIPIENTS.items():
            # Of gdb, 1: the next one was not ready in time; 5: SIGHUP ended it before its first
            # line.
            codes = (-9,) if name == "KILL" else (128 + number,)
            if recipient == "gdb":
                codes = (0, 1, 5) if name == "HUP" else (0, 1)
            for moment in MOMENTS:
                for mode in MODES:
                    yield Row("SIG%s to %s" % (name, words), moment, mode,
                              send_signal(number, recipient), codes,
                              may_stop=recipient in ("gdb", "both"),
                              abrupt=recipient in ("gdb", "both") or name == "KILL")


def close_terminal(case):
    os.close(case.master)
    case.master = None


def close_pipe(case):
    os.close(case.reader)
    case.reader = None


def limit_files(case):
    try:
        resource.prlimit(case.pmp.pid, resource.RLIMIT_FSIZE, (512, 512))
    except ProcessLookupError:
        pass


def command_victim(line, code=None):
    """Makes the victim do something; code: its exit code, if it ends then."""
    def act(case):
        case.victim.send(line)
        case.command, case.exit_code = line, code
    return act


def kill_victim(case):
    os.kill(case.victim.pid, signal.SIGKILL)
    case.exit_code = -signal.SIGKILL


def pause_pmp(then):
    """Stops pmp as Ctrl-Z does, makes another fault a moment later, and continues pmp."""
    def act(case):
        os.kill(case.pmp.pid, signal.SIGSTOP)
        time.sleep(case.rng.uniform(0, 0.5))
        then(case)
        os.kill(case.pmp.pid, signal.SIGCONT)
    return act


SHORT_TIMEOUTS = {
    "PMP_DEADLINES": "start=3,warm=3,sample=1,detach=1,close=0.2,hurry=0.5,blocked=1"}


def other_rows():
    for mode in MODES:
        for moment in MOMENTS:
            yield Row("the terminal is closed", moment, mode, close_terminal, (129, 9),
                      terminal=True, no_file=True)
            # Short timeouts: pmp ends gdb by SIGHUP, which stays pending, and then by SIGKILL.
            yield Row("SIGSTOP to gdb", moment, mode, send_signal(signal.SIGSTOP, "gdb"), (0, 1, 7),
                      env=SHORT_TIMEOUTS, may_stop=True, abrupt=True, no_file=True)
            yield Row("SIGSTOP to pmp, SIGCONT", moment, mode, pause_pmp(lambda case: None))
            yield Row("SIGSTOP to pmp, SIGKILL", moment, mode,
                      pause_pmp(send_signal(signal.SIGKILL, "pmp")), (-9,), abrupt=True)
            yield Row("SIGSTOP to pmp, SIGKILL to gdb", moment, mode,
                      pause_pmp(send_signal(signal.SIGKILL, "gdb")), (0, 1), may_stop=True,
                      abrupt=True)
        for moment in MOMENTS[:-1]:
            yield Row("the output pipe is closed", moment, mode, close_pipe, (9,), pipe=True,
                      args=("-o", "-", "-f", "yaml"), no_file=True)
            yield Row("the target exits", moment, mode,
                      command_victim("end %d" % EXIT_CODE, EXIT_CODE), (0, 3), stopped=False,
                      no_file=True)
            yield Row("the target is killed", moment, mode, kill_victim, (0, 3), no_file=True)
            yield Row("the target execs", moment, mode, command_victim("exec"), (0, 1),
                      stopped=False, no_file=True, may_stop=True)
            yield Row("the target forks", moment, mode, command_victim("fork"), stopped=False)
            yield Row("the target starts and ends threads", moment, mode,
                      command_victim("storm 300"), stopped=False)
        yield Row("no room for -o", "any", mode, no_fault, (9,),
                  args=("-o", "/dev/full", "-f", "yaml"), no_file=True)
        yield Row("no room for -o in a folder", "any", mode, no_fault, (9,), full="-o",
                  no_file=True)
        yield Row("no room for --save-raw", "any", mode, no_fault, (9,), no_file=True,
                  args=("--save-raw", "/dev/full"))
        for moment in ("any", "idle", "sampling"):
            # 1: pmp has just started, and cannot write the files for gdb either.
            yield Row("no room by a limit on files' size", moment, mode, limit_files, (1, 9),
                      no_file=True)
        yield Row("no room for --save-raw in a folder", "any", mode, no_fault, (9,),
                  full="--save-raw", no_file=True)


def rows():
    return list(signal_rows()) + list(other_rows())
