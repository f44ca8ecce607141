"""Several targets, descendants, early ends of a run, and a copy of the binary."""

import os
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import (SPLIT, await_samples, gdbs_of, need_gdb,  # noqa: E402
                     need_live_python, start_pmp)
from tap import (BUILD, PMP, SANITIZED, Target, check, children, equal,  # noqa: E402
                 main, near, pmp, run, skip, spin, temp_dir, test)

WORK = os.path.join(BUILD, "samples", "work")


@test("-p A,B samples both, each below its own process")
def _():
    need_live_python()
    path = os.path.join(temp_dir(), "p.yaml")
    with spin() as python, Target(WORK, "--threads", "2", "--seconds", "60") as work:
        result = pmp("-p", "%d,%d" % (python.pid, work.pid), "-n", 100, "-r", 50, "-o", path)
        equal(result.code, 0, result)
        python.check_unharmed()
        work.check_unharmed()
    profile = Profile.load(path)
    profile.check_whole()
    equal({node["kind"] for node in profile.tree}, {"process"})
    equal({target["pid"] for target in profile.data["targets"]}, {python.pid, work.pid})
    equal(sorted(node["total"] for node in profile.tree), [100, 200])
    near(100.0 * profile.weight("in_python") / 100, SPLIT["in_python"], 15, "in_python")
    near(100.0 * profile.weight("encode") / 200, 40, 15, "encode")


@test("--children samples the process and its descendants")
def _():
    need_live_python()
    with spin("--processes", "3") as target:
        pids = {target.pid, *children(target.pid)}
        result = pmp("-p", target.pid, "--children", "-n", 20, "-f", "yaml", "-q")
        equal(result.code, 0, result)
        target.check_unharmed()
    profile = Profile(result.out)
    equal(len(pids), 3)
    equal({entry["pid"] for entry in profile.data["targets"]}, pids)
    equal([node["total"] for node in profile.tree], [20, 20, 20])


@test("the suffix of -o chooses collapsed stacks or YAML")
def _():
    need_gdb()
    folder = temp_dir()
    with Target(WORK, "--seconds", "60") as target:
        for name in ("a.folded", "a.txt", "a.yml"):
            result = pmp("-p", target.pid, "-n", 5, "-q", "-o", os.path.join(folder, name))
            equal(result.code, 0, result)
    for name in ("a.folded", "a.txt"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            equal(sum(int(line.rpartition(" ")[2]) for line in file), 5, name)
    equal(Profile.load(os.path.join(folder, "a.yml")).total, 5)
    equal(sorted(os.listdir(folder)), ["a.folded", "a.txt", "a.yml"])


@test("a copy of the binary in an empty directory runs with only PATH in the environment")
def _():
    need_gdb()
    if SANITIZED:
        skip("a static binary (this is a sanitizer build)")
    folder = temp_dir()
    shutil.copy(PMP, os.path.join(folder, "pmp"))
    with Target(WORK, "--seconds", "60") as target:
        result = run("env", "-i", "PATH=/usr/bin:/bin", "./pmp", "-p", str(target.pid), "-n", "10",
                     cwd=folder)
        equal(result.code, 0, result)
        target.check_unharmed()
    check("wait_for_work" in result.out or "encode" in result.out, "no tree", result)
    equal(os.listdir(folder), ["pmp"])


def wait_for(condition, limit=20):
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@test("Ctrl-C ends the run early, with results and exit code 130")
def _():
    need_live_python()
    path, raw = (os.path.join(temp_dir(), name) for name in ("p.yaml", "raw"))
    with spin() as target:
        process = start_pmp("-p", target.pid, "-n", 600, "-o", path, "--save-raw", raw)
        await_samples(process, raw, 5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        equal(process.returncode, 130, err.decode())
        target.check_unharmed()
    profile = Profile.load(path)
    profile.check_whole()
    check(0 < profile.sampling["taken"] < 100, profile.sampling)
    check("work" in out.decode(), "no tree", out.decode())


@test("SIGKILL of pmp or of gdb: the target runs on")
def _():
    need_live_python()
    with spin() as target:
        raw = os.path.join(temp_dir(), "raw")
        process = start_pmp("-p", target.pid, "-n", 600, "--save-raw", raw)
        await_samples(process, raw, 5)
        process.kill()
        process.communicate(timeout=20)
        target.check_unharmed()

        process = start_pmp("-p", target.pid, "-n", 40, "-f", "yaml", "-q", "--save-raw", raw)
        await_samples(process, raw, 5)
        os.kill(gdbs_of(process)[0], signal.SIGKILL)
        out, err = process.communicate(timeout=40)
        target.check_unharmed()
    equal(process.returncode, 0, err.decode())
    profile = Profile(out.decode())
    equal(profile.total, 40, "the lost sample keeps its weight")
    check(profile.sampling["taken"] >= 20, "a dead worker is replaced", profile.sampling)
    profile.check_whole()


@test("a stopped target stays stopped after the run")
def _():
    need_gdb()
    with Target(WORK, "--seconds", "60") as target:
        os.kill(target.pid, signal.SIGSTOP)
        check(wait_for(lambda: target.status("State")[:1] == "T"), "not stopped")
        pmp("-p", target.pid, "-n", 5, "-q", limit=60)
        equal(target.status("TracerPid"), "0")
        equal(target.status("State")[:1], "T", "the target is not stopped any more")
        os.kill(target.pid, signal.SIGCONT)
        target.check_unharmed()


@test("when the target ends, the samples so far are printed")
def _():
    need_gdb()
    with Target(WORK, "--seconds", "4") as target:
        result = pmp("-p", target.pid, "-n", 200, "-f", "yaml", "-q", limit=60)
    profile = Profile(result.out)
    profile.check_whole()
    check(profile.sampling["taken"] > 5, result)


main()
