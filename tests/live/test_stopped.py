"""A target that receives a stop signal while it is sampled is stopped and stays so; a target that
handles the signal runs on."""

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
    """A busy target in a process group that is not orphaned: in an orphaned one, SIGTSTP does
    nothing (setpgid(2))."""
    return Target(PYTHON, "-c", BUSY, *args, session=False)


def sample_and_send(target, number):
    """Sends the signal after the first samples; returns pmp's exit code, stdout and stderr."""
    raw = os.path.join(temp_dir(), "raw")
    process = subprocess.Popen([PMP, "-p", str(target.pid), "-n", "25",
                                "--save-raw", raw],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
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


@test("after SIGSTOP or SIGTSTP all samples are taken, and the target stays stopped")
def _():
    need_gdb()
    for number in (signal.SIGSTOP, signal.SIGTSTP):
        with busy() as target:
            code, out, err = sample_and_send(target, number)
            equal(code, 0, err)
            check("25 asked, 25 taken" in out, "all samples", out)
            time.sleep(0.3)
            await_state(target, "T")
            os.kill(target.pid, signal.SIGCONT)
            await_state(target, "R")
            target.check_unharmed()


@test("the target's parent sees the stop")
def _():
    need_gdb()
    with busy() as target:
        sample_and_send(target, signal.SIGTSTP)
        await_state(target, "T")
        _, status = os.waitpid(target.pid, os.WUNTRACED | os.WNOHANG)
        check(os.WIFSTOPPED(status), "stopped")
        os.kill(target.pid, signal.SIGCONT)


@test("a target that handles SIGTSTP runs on")
def _():
    need_gdb()
    with busy("handles") as target:
        code, _, err = sample_and_send(target, signal.SIGTSTP)
        equal((code, err), (0, ""))
        target.check_unharmed()


main()
