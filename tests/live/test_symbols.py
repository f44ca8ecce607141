"""A Python without and with the interpreter's debug symbols (python3-dbg)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import check_split, gdb_with, need_live_python, python_with_symbols  # noqa: E402
from tap import ROOT, BUILD, Target, check, equal, main, note, pmp, temp_dir, test  # noqa: E402

SAMPLES = 200


def sample(gdb, python, env):
    """A profile of SAMPLES samples of spin.py with two threads."""
    env = dict(env, PYTHONPATH=os.path.join(BUILD, "samples"))
    with Target(python, os.path.join(ROOT, "samples", "spin.py"), "--seconds", "60", "--threads",
                "2", env=env) as target:
        path = os.path.join(temp_dir(), "p.yaml")
        result = pmp("-p", target.pid, "-n", SAMPLES, "-r", 50, "--gdb", gdb, "-o", path)
        equal(result.code, 0, result)
        target.check_unharmed()
    profile = Profile.load(path)
    note("sampling %s\nstacks %s" % (profile.sampling, profile.stacks))
    equal(profile.total, 2 * SAMPLES)
    profile.check_whole()
    return profile


def check_python(profile):
    check(profile.stacks["merged"] >= 0.95 * profile.total, "few stacks are merged", profile.stacks)
    # 4 s of rounds of 0.26 s: a coarser split than that of a long run.
    check_split(profile, 10)
    for chain in (("main", "run", "in_python", "step_one", "step_two", "work"),
                  ("run", "in_extension", "spinext_burn", "burn_until"),
                  ("run", "with_callback", "spinext_call", "callback", "work")):
        check(profile.weight_below(*chain), "no stack has " + " > ".join(chain))


@test("without debug symbols the stacks are merged and in calling order")
def _():
    need_live_python()
    python, env, _ = python_with_symbols()
    check_python(sample(gdb_with("set debug-file-directory /nonexistent"), python, env))


@test("with debug symbols the same, and the interpreter's source files are named")
def _():
    need_live_python()
    python, env, debug = python_with_symbols()
    profile = sample(gdb_with("set debug-file-directory " + debug), python, env)
    check_python(profile)
    # Only debug symbols name the interpreter's source files.
    check(any((path[-1].get("file") or "").endswith(".c") and "python" in path[-1].get("module", "")
              for path in profile.paths()), "no source file of the interpreter")


main()
