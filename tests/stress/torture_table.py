"""The table of tests/stress/torture.py: faults, moments, modes, and what is right after each."""

import ctypes
import os
import resource
import shutil
import signal
import tempfile
import time

from tap import BUILD, ROOT
from victims import (CONT_BIT, LIBC, OWN_CODE, Pmp, Victim, end_all, left_of_ours, state, tids, tracer,
                     until)

MODES = ("once", "each", "plain", "dump")
MOMENTS = ("any", "starting", "attaching", "idle", "sampling", "detaching")
RATE = {"once": 50, "each": 20, "plain": 5, "dump": 15}
DUMP_TAKES = ("-o", "--save-raw", "--gdb")  # of a run's words
LIMIT = 30  # seconds for pmp's end, on a machine that has other things to do
LEFT = 5  # seconds for the end of what a killed pmp leaves; how long it takes is measured, too
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18
FULL = None  # a folder on a file system with no room, if there may be one


def make_room():
    """A /tmp of our own where that is permitted: what is left there, somebody of ours has left."""
    global FULL
    private = not any(os.path.realpath(path).startswith("/tmp/") for path in (ROOT, BUILD)) \
        and LIBC.unshare(CLONE_NEWNS) == 0 and mount(b"none", b"/", None, MS_REC | MS_PRIVATE) \
        and mount(b"tmpfs", b"/tmp", b"size=64m", 0)
    if private:
        os.environ["TMPDIR"] = "/tmp"
        os.mkdir("/tmp/full")
        if mount(b"tmpfs", b"/tmp/full", b"size=4k", 0):
            FULL = "/tmp/full"
            with open(FULL + "/filler", "wb") as file:
                file.write(b"x" * 4096)


def mount(what, where, data, flags):
    kind = b"tmpfs" if what == b"tmpfs" else None
    return LIBC.mount(what, where, kind, ctypes.c_ulong(flags), data) == 0


def pmp_words(mode, pid, *args):
    """The command line by which pmp looks at pid in this mode. args: of a run, pairs all. A dump looks as often as the run
    would have sampled."""
    if mode != "dump":
        return ("-p", pid, "--attach", mode, "-r", RATE[mode]) + args
    pairs = list(zip(args[::2], args[1::2]))
    told = dict(pairs)
    rate, seconds = float(told.get("-r", RATE[mode])), float(told.get("-d", 0))
    words = ("dump", "-p", pid) + tuple(word for pair in pairs if pair[0] in DUMP_TAKES for word in pair)
    return words + (("--interval", 1 / rate, "--looks", int(rate * seconds)) if rate * seconds >= 2 else ())


class Row:
    def __init__(self, fault, moment, mode, act, codes=(0,), **more):
        self.fault, self.moment, self.mode = fault, moment, mode
        self.act = act  # called with the case; None: all is in `whole`
        self.codes = codes  # pmp's, when the fault came in time
        self.more = more
        self.name = "%s, %s, %s" % (fault, moment, mode)


class Case:
    """One run of a row. What it finds is in harm; nothing of it is left after end()."""

    def __init__(self, row, rng):
        self.row, self.rng = row, rng
        self.harm, self.notes = [], []
        self.targets, self.missed, self.gone = 1, False, 0
        self.victim = self.pmp = None
        self.master = self.slave = self.reader = None
        self.told = self.own_end = None
        self.bare = False  # there was no gdb when the fault came
        self.folder = tempfile.mkdtemp(prefix="torture-")
        self.other_files = self.files()

    # Its parts.

    def files(self):
        root = os.environ.get("TMPDIR") if FULL else None
        return set(os.listdir(root)) if root else set()

    def start(self, *args, kind=None, number=0, frozen=False, **options):
        self.victim = Victim(kind or self.rng.choice(("python", "threads", "threads", "busy")),
                             number, frozen)
        if not self.victim.ready:
            raise AssertionError("the victim is not ready")
        self.output = os.path.join(self.folder, "out.yaml")
        where = [] if "-o" in args else ["-o", self.output]
        self.pmp = Pmp(*pmp_words(self.row.mode, self.victim.pid, *where, *args), **options)

    def await_moment(self):
        """false: pmp has ended before."""
        return getattr(self, "_await_" + self.row.moment)() and not self.pmp.over()

    def _await(self, condition, pause=0.0):
        return until(lambda: self.pmp.over() or condition(), LIMIT, pause) and not self.pmp.over()

    def _sleep(self, longest):
        time.sleep(self.rng.uniform(0, longest))
        return True

    def _await_any(self):
        return self._sleep(1.5)

    def _await_starting(self):
        return self._await(self.pmp.gdbs) and self._sleep(0.3)

    def _await_attaching(self):
        return self._await(lambda: tracer(self.victim.pid)) and self._sleep(self.rng.choice((0, 0.02, 0.2)))

    def _in_stop(self):
        return any(state(self.victim.pid, tid) == "t" for tid in tids(self.victim.pid)[:3])

    def _await_idle(self):
        return self._await(self._in_stop) and self._await(lambda: not self._in_stop()) and self._sleep(0.2)

    def _await_sampling(self):
        if self.victim.frozen:
            return self._await(self._in_stop) and self._sleep(0.5)
        for _ in range(self.rng.randrange(1, 6 if self.row.mode == "once" else 3)):
            if not self._await(self._in_stop):
                return False
            if not until(lambda: not self._in_stop() or self.pmp.over(), LIMIT, 0):
                return False
        return self._await(self._in_stop) and self._sleep(self.rng.choice((0, 0.0005, 0.01)))

    def _await_detaching(self):
        if not self._await(self._in_stop) or not self._sleep(0.3) or self.pmp.over():
            return False
        os.kill(self.pmp.pid, signal.SIGINT)
        return self._sleep(0.05)

    # All of it.

    def run(self):
        if self.row.act is None:
            self.row.more["whole"](self)
            return
        seconds = 1.2 if self.row.mode == "once" else 2
        frozen = self.row.more.get("frozen", True) and self.rng.random() < 0.15
        kind = self.rng.choice(("python", "threads")) if frozen else self.row.more.get("kind")
        if frozen:
            self.notes.append("the target was stopped before")
        args = self.row.more.get("args", ())
        if self.row.more.get("full"):
            if not FULL:
                self.targets = 0
                self.notes.append("no small file system: not permitted")
                return
            args = (self.row.more["full"], FULL + "/out.yaml")
        self.start("-d", seconds, *args, kind=kind, frozen=frozen, **self.streams(),
                   env=self.row.more.get("env"))
        self.close_streams()
        self.missed = not self.await_moment() and self.row.act is not nothing  # that is there from the start
        if not self.missed:
            self.row.act(self)
        self.see_pmp_end()
        self.look()

    def streams(self):
        if self.row.more.get("terminal"):
            self.master, self.slave = os.openpty()
            return {"terminal": self.slave}
        if self.row.more.get("pipe"):
            self.reader, self.slave = os.pipe()
            return {"stdout": self.slave}
        return {}

    def close_streams(self):
        """What pmp alone is to have."""
        if self.slave is not None:
            os.close(self.slave)
            self.slave = None

    def see_pmp_end(self, limit=LIMIT):
        if not until(self.pmp.over, limit, 0.002):
            self.harm.append("pmp has not ended after %d s: %s" % (limit, self.said()))

    def said(self):
        return self.pmp.text(self.pmp.err).strip()[-600:]

    def expected_codes(self):
        codes = set(self.row.codes)
        if self.missed and self.row.more.get("env") is not HASTE:
            codes = {0}
        # What keeps gdb away is a part of dump's report.
        if self.row.mode == "dump" and codes & {1, 5, 6, 7}:
            codes |= {0}
        if self.row.moment == "detaching":
            codes |= {130}
        # Before it watches for signals, and after, it dies of them as any program.
        if self.bare or self.row.moment in ("any", "starting", "detaching"):
            codes |= {128 - code for code in codes if code > 128}
        return codes

    def look(self):
        """At everything, once pmp has ended."""
        codes = self.expected_codes()
        killed = self.pmp.code is not None and self.pmp.code < 0
        seen, left = left_of_ours({self.victim.pid, self.pmp.pid}, LEFT)
        if killed and seen:
            self.gone = max(seconds for _, seconds in seen.values())
        if not killed and seen:
            self.notes.append("left for a moment after pmp's end: %s" % ", ".join(
                sorted({name for name, _ in seen.values()})))
        self.harm += ["left: " + what for what in left]
        if self.pmp.code is not None and self.pmp.code not in codes:
            self.harm.append("pmp's code is %d, not of %s: %s" % (
                self.pmp.code, sorted(codes), self.said()))
        if "going on with --attach plain" in self.said():
            self.harm.append("gdb does not run the agent: %s" % self.said())
        self.look_at_files()
        self.look_at_victim()

    def look_at_victim(self):
        if self.own_end is not None:
            self.harm += self.victim.harm_of_end(self.own_end)
            return
        if self.told:
            said = self.victim.answer()
            if said.split()[0] not in ("ready", "forked", "stormed"):
                self.harm.append("it was told to %s: %s" % (self.told, said))
            if self.told == "exec":
                self.victim.runs_again()
        # gdb takes a stop that it asked for and has not seen back with a SIGCONT, when it has to end there and then.
        self.victim.allowed = CONT_BIT if self.row.more.get("abrupt") else 0
        self.harm += self.victim.harm()
        if self.victim.continued:
            self.notes.append("a thread that blocks SIGCONT has one pending")
        if self.victim.seen:
            self.notes.append("its parent saw it stop")
            if not self.row.more.get("may_stop"):
                self.harm.append("its parent saw %s" % self.victim.seen)
            self.victim.seen = ""
        self.harm += self.victim.harm_of_life()

    def look_at_files(self):
        here = os.path.exists(self.output)
        codes = (0,) if self.row.mode == "dump" else (0, 129, 130, 143)
        results = self.pmp.code in codes and not any(
            words in self.said() for words in ("before the first sample", "no sample was taken"))
        if results and not here and not self.row.more.get("no_file"):
            self.harm.append("no results: code %d, %s" % (self.pmp.code, self.said()))
        if FULL and os.listdir(FULL) != ["filler"]:
            self.harm.append("left in the full folder: %s" % os.listdir(FULL))
        others = [name for name in os.listdir(self.folder) if name not in ("out.yaml", "raw")]
        others += sorted(self.files() - self.other_files)
        self.harm += ["a file is left: %s" % name for name in others]

    def end(self):
        if self.pmp:
            if not self.pmp.over():
                os.kill(self.pmp.pid, signal.SIGKILL)
                until(self.pmp.over, 5)
            self.pmp.close()
        if self.victim:
            self.victim.end()
        for fd in (self.master, self.slave, self.reader):
            if fd is not None:
                os.close(fd)
        end_all()
        shutil.rmtree(self.folder, ignore_errors=True)


# Faults.


def strike(number, whom):
    def act(case):
        gdbs = case.pmp.gdbs()
        case.bare = not gdbs
        if whom == "group":
            os.killpg(case.pmp.pid, number)
            return
        pids = {"pmp": [case.pmp.pid], "gdb": gdbs, "both": [case.pmp.pid] + gdbs}[whom]
        case.rng.shuffle(pids)
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
    return act


nothing = strike(0, "pmp")
WHOM = {"pmp": "pmp", "gdb": "gdb", "both": "pmp and gdb", "group": "pmp's process group"}


def signal_rows():
    """SIGKILL of gdb is what the kernel's out-of-memory killer does."""
    for name in ("KILL", "TERM", "INT", "HUP"):
        number = getattr(signal, "SIG" + name)
        for whom, words in WHOM.items():
            # 1: no other gdb was there in time; 5: it ended of itself before it had said a word.
            codes = (0, 1) + (5,) * (name == "HUP") if whom == "gdb" else (-9,) if name == "KILL" else (128 + number,)
            for moment in MOMENTS:
                for mode in MODES:
                    yield Row("SIG%s to %s" % (name, words), moment, mode, strike(number, whom),
                              codes, may_stop=whom in ("gdb", "both"),
                              abrupt=whom in ("gdb", "both") or name == "KILL")


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


def tell(line, code=None):
    """The victim does something by itself; code: how it then ends."""
    def act(case):
        case.victim.tell(line)
        case.told, case.own_end = line, code
    return act


def kill_victim(case):
    os.kill(case.victim.pid, signal.SIGKILL)
    case.own_end = -signal.SIGKILL


def pause_pmp(then):
    """As Ctrl-Z does, and then something else a moment later."""
    def act(case):
        os.kill(case.pmp.pid, signal.SIGSTOP)
        time.sleep(case.rng.uniform(0, 0.5))
        then(case)
        os.kill(case.pmp.pid, signal.SIGCONT)
    return act


HASTE = {"PMP_DEADLINES": "start=3,warm=3,attach=1,sample=1,detach=1,close=0.2,hurry=0.5,blocked=1"}


def other_rows():
    for mode in MODES:
        for moment in MOMENTS:
            yield Row("the terminal is closed", moment, mode, close_terminal, (129, 9),
                      terminal=True, no_file=True)
            # With its pmp in haste: it is ended with SIGHUP, which waits, and then SIGKILL.
            yield Row("SIGSTOP to gdb", moment, mode, strike(signal.SIGSTOP, "gdb"), (0, 1, 7), env=HASTE,
                      may_stop=True, abrupt=True, no_file=True)
            yield Row("SIGSTOP to pmp, SIGCONT", moment, mode, pause_pmp(lambda case: None))
            yield Row("SIGSTOP to pmp, SIGKILL", moment, mode, pause_pmp(strike(signal.SIGKILL, "pmp")), (-9,),
                      abrupt=True)
            yield Row("SIGSTOP to pmp, SIGKILL to gdb", moment, mode,
                      pause_pmp(strike(signal.SIGKILL, "gdb")), (0, 1), may_stop=True,
                      abrupt=True)
        for moment in MOMENTS[:-1]:
            yield Row("the output pipe is closed", moment, mode, close_pipe, (9,), pipe=True,
                      args=("-o", "-", "-f", "yaml"), no_file=True)
            yield Row("the target exits", moment, mode, tell("end %d" % OWN_CODE, OWN_CODE), (0, 3),
                      frozen=False, no_file=True)
            yield Row("the target is killed", moment, mode, kill_victim, (0, 3), no_file=True)
            yield Row("the target execs", moment, mode, tell("exec"), (0, 1), frozen=False, no_file=True,
                      may_stop=True)
            yield Row("the target forks", moment, mode, tell("fork"), frozen=False)
            yield Row("the target storms", moment, mode, tell("storm 300"), frozen=False)
        yield Row("no room for -o", "any", mode, nothing, (9,), args=("-o", "/dev/full", "-f", "yaml"), no_file=True)
        yield Row("no room for -o in a folder", "any", mode, nothing, (9,), full="-o", no_file=True)
        yield Row("no room for --save-raw", "any", mode, nothing, (9,), no_file=True,
                  args=("--save-raw", "/dev/full"))
        for moment in ("any", "idle", "sampling"):
            # 1: pmp has just begun, and has no room for what it gives to gdb either.
            yield Row("no room by a limit on files' size", moment, mode, limit_files, (1, 9), no_file=True)
        yield Row("no room for --save-raw in a folder", "any", mode, nothing, (9,), full="--save-raw",
                  no_file=True)


def rows():
    return list(signal_rows()) + list(other_rows())
