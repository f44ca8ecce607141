"""A live Python with threads and a C extension, sampled 100 times: its known split comes out."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import check_split, need_live_python  # noqa: E402
from tap import check, equal, main, near, note, pmp, spin, temp_dir, test  # noqa: E402

THREADS = 3
SAMPLES = 100


class Run:
    """The run of 10 s that all tests use, made by the first one."""

    folder = target = result = profile = None

    @classmethod
    def get(cls):
        if cls.profile is None:
            need_live_python()
            cls.folder = temp_dir()
            cls.target = spin("--threads", THREADS)
            cls.result = pmp("-p", cls.target.pid, "-n", SAMPLES, "-o", cls.path("a.yaml"),
                             "--save-raw", cls.path("raw"), limit=60)
            equal(cls.result.code, 0, cls.result)
            cls.profile = Profile.load(cls.path("a.yaml"))
        return cls

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def read(cls, name):
        with open(cls.path(name), encoding="utf-8") as file:
            return file.read()


@test("100 samples at 10 Hz take 10 s, within 5 %")
def _():
    run = Run.get()
    note("%.1f s, in the profile %.1f s" % (run.result.seconds, run.profile.sampling["seconds"]))
    near(run.profile.sampling["seconds"], 10, 0.5, "seconds in the profile")
    start = pmp("-p", run.target.pid, "-n", "1", "-q", "-o", run.path("first.yaml"))
    equal(start.code, 0, start)
    near(run.result.seconds, run.profile.sampling["seconds"] + start.seconds, 0.5 + start.seconds,
         "seconds by the clock, with gdb's start")


@test("the target runs on, untraced")
def _():
    Run.get().target.check_unharmed()


@test("100 samples of each thread, none lost")
def _():
    run = Run.get()
    sampling, stacks = run.profile.sampling, run.profile.stacks
    note("sampling %s\nstacks %s" % (sampling, stacks))
    equal((sampling["asked"], sampling["taken"], sampling["failed"]), (SAMPLES, SAMPLES, 0))
    equal(stacks["total"], SAMPLES * THREADS)
    equal([thread["stacks"] for thread in run.profile.data["threads"]], [SAMPLES] * THREADS)
    check(stacks["merged"] >= 0.95 * stacks["total"], "few stacks are merged", stacks)
    equal(run.profile.data["text"]["unknown_lines"], 0, "unknown lines")
    run.profile.check_whole()


@test("the profile describes the target: pid, command, executable, Python, threads")
def _():
    run = Run.get()
    target = run.profile.data["target"]
    equal(target["pid"], run.target.pid)
    equal(target["command"], run.target.argv)
    equal(target["executable"], os.path.realpath("/proc/%d/exe" % run.target.pid))
    check(target["python"].startswith(need_live_python()), "version", target)
    equal({thread["tid"] for thread in run.profile.data["threads"]}, set(run.target.threads()))


@test("the split of the time is the known one, within 7 points")
def _():
    check_split(Run.get().profile, 7)


@test("functions are in calling order, Python and C in one stack")
def _():
    profile = Run.get().profile
    for chain in (
            ("main", "run", "in_python", "step_one", "step_two", "work"),
            ("run", "in_python", "step_one", "step_two", "work"),
            ("run", "in_extension", "spinext_burn", "burn_until", "burn_some"),
            ("run", "with_callback", "spinext_call", "callback", "work"),
            ("run", "in_library", "Library.once")):
        check(profile.weight_below(*chain), "no stack has " + " > ".join(chain))
    for wrong in (("work", "step_one"), ("in_python", "run"), ("burn_until", "in_extension"),
                  ("callback", "with_callback"), ("in_extension", "work")):
        check(not profile.weight_below(*wrong), "a stack has " + " > ".join(wrong))
    # By construction, only two functions call work.
    near(100 * profile.weight_below("in_python", "step_two", "work") / profile.total, 40, 7)


@test("evaluator, glue and start-up but for the threads' roots are hidden")
def _():
    profile = Run.get().profile
    for name in ("_PyEval_EvalFrameDefault", "_PyFunction_Vectorcall", "Py_RunMain", "Py_BytesMain",
                 "__libc_start_main", "start_thread"):
        equal(profile.weight(name, "native"), 0, name)
    roots = {node["frame"] for node in profile.tree}
    check(roots <= {"_start", "clone3"} or len(roots) == 2, "a thread has two roots", roots)


@test("the profile has the pauses and the stopped share")
def _():
    run = Run.get()
    pause = run.profile.sampling["pause_ms"]
    note("pause_ms %s, stopped_share %s" % (pause, run.profile.sampling["stopped_share"]))
    check(0 < pause["median"] <= pause["p99"] <= pause["max"], pause)
    check(0 < run.profile.sampling["stopped_share"] < 1, run.profile.sampling)


@test("pmp fold of the raw text gives the same bytes")
def _():
    run = Run.get()
    equal(pmp("fold", run.path("raw")).out, run.result.out, "tree")
    folded = pmp("fold", "-f", "yaml", run.path("raw"))
    equal(folded.code, 0, folded)
    equal(folded.out, run.read("a.yaml"), "yaml")


@test("pmp show of the profile gives the same bytes")
def _():
    run = Run.get()
    equal(pmp("show", run.path("a.yaml")).out, run.result.out, "tree")
    equal(pmp("show", "-f", "yaml", run.path("a.yaml")).out, run.read("a.yaml"), "yaml")
    equal(pmp("show", "-f", "collapsed", run.path("a.yaml")).out,
          pmp("fold", "-f", "collapsed", run.path("raw")).out, "collapsed")


@test("collapsed stacks add up to the total")
def _():
    run = Run.get()
    lines = pmp("show", "-f", "collapsed", run.path("a.yaml")).out.splitlines()
    equal(sum(int(line.rpartition(" ")[2]) for line in lines), run.profile.total)


@test("--threads: the first level is the thread, each with its samples")
def _():
    run = Run.get()
    profile = Profile(pmp("fold", "--threads", "-f", "yaml", run.path("raw")).out)
    equal({node["kind"] for node in profile.tree}, {"thread"})
    equal([node["total"] for node in profile.tree], [SAMPLES] * THREADS)
    # The names are Python's; the kernel has the program's name for all of them.
    names = sorted(node["frame"].partition(" ")[0] for node in profile.tree)
    equal(names, ["MainThread"] + ["spin-%d" % (i + 1) for i in range(THREADS - 1)])
    check_split(profile, 7)


@test("--lines and --glue show more, and lose nothing")
def _():
    run = Run.get()
    out = pmp("fold", "--lines", run.path("raw")).out
    check("work (spin.py:" in out, "no line in a label", out)
    glue = Profile(pmp("fold", "--glue", "-f", "yaml", run.path("raw")).out)
    glue.check_whole()
    check(len(list(glue.paths())) > len(list(run.profile.paths())), "--glue shows nothing more")


main()
