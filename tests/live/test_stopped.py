"""A target that somebody stops while it's sampled is stopped, by that signal, and stays so; one that handles
the signal goes on."""

import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from targets import await_samples, need_gdb  # noqa: E402
from tap import PMP, PYTHON, Target, check, equal, main, temp_dir, test  # noqa: E402

BUSY = "import signal, sys, time\n" \
       "if len(sys.argv) > 1: signal.signal(signal.SIGTSTP, lambda *_: None)\n" \
       "print('ready 1', flush=True)\nend = time.time() + 60\nwhile time.time() < end: pass\n"


def busy(*args):
    """In a process group that isn't orphaned: SIGTSTP does nothing in one that is (setpgid(2))."""
    return Target(PYTHON, "-c", BUSY, *args, session=False)


def sampled_and_sent(target, number, mode):
    """Sends it when samples are taken; pmp's (code, stderr)."""
    raw = os.path.join(temp_dir(), "raw")
    process = subprocess.Popen([PMP, "-p", str(target.pid), "-n", "25", "--attach", mode, "--save-raw", raw],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
    await_samples(process, raw)
    os.kill(target.pid, number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def await_state(target, wanted):
    deadline = time.monotonic() + 2
    while target.status("State")[:1] not in wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    check(target.status("State")[:1] in wanted, "state %s" % target.status("State"))
    equal(target.status("TracerPid"), "0")


@test("SIGSTOP, SIGTSTP: it's said, all samples are taken, it stays stopped, until SIGCONT")
def _():
    need_gdb()
    for mode, number in (("once", signal.SIGSTOP), ("once", signal.SIGTSTP), ("each", signal.SIGSTOP)):
        with busy() as target:
            code, out, err = sampled_and_sent(target, number, mode)
            equal(code, 0, err)
            check("25 asked, 25 taken" in out, "all samples", out)
            if mode == "once":
                check("somebody sent process %d a %s" % (target.pid, number.name) in err, "said", err)
            time.sleep(0.3)
            await_state(target, "T")
            os.kill(target.pid, signal.SIGCONT)
            await_state(target, "R")
            target.check_unharmed()


@test("its parent hears of it")
def _():
    need_gdb()
    with busy() as target:
        sampled_and_sent(target, signal.SIGTSTP, "once")
        await_state(target, "T")
        _, status = os.waitpid(target.pid, os.WUNTRACED | os.WNOHANG)
        check(os.WIFSTOPPED(status), "stopped")
        os.kill(target.pid, signal.SIGCONT)


@test("SIGTSTP that is handled: it goes on")
def _():
    need_gdb()
    with busy("handles") as target:
        code, _, err = sampled_and_sent(target, signal.SIGTSTP, "once")
        equal((code, err), (0, ""))
        target.check_unharmed()


main()
