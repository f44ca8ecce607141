"""A live program with phases (samples/phases.py): time windows, the timeline, CPU weight and the
trace separate them."""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import (BUILD, PYTHON, ROOT, Target, check, equal, main, near, note, pmp,  # noqa: E402
                 run, skip, temp_dir, test)

RATE, SECONDS, PHASE = 10, 7, 3
INTERVAL = 1.0 / RATE


class Run:
    """The run that all tests use, made by the first one. Two phases begin during it."""

    folder = profile = None
    starts = []  # (name, second) of each phase, as the program printed it

    @classmethod
    def get(cls):
        if cls.profile is None:
            need_live_python()
            cls.folder = temp_dir()
            target = Target(PYTHON, os.path.join(ROOT, "samples", "phases.py"), "--phase", PHASE,
                            "--seconds", 60, env={"PYTHONPATH": os.path.join(BUILD, "samples")})
            result = pmp("-p", target.pid, "-r", RATE, "-d", SECONDS, "-q", "-o",
                         cls.path("a.yaml"), "--save-raw", cls.path("raw"), limit=60)
            equal(result.code, 0, result)
            printed = (target.process.stdout.read() or b"").decode()
            target.check_unharmed()
            target.stop()
            cls.starts = [(name, float(at))
                          for name, at in re.findall(r"(alpha|beta) ([\d.]+)", printed)]
            cls.profile = Profile.load(cls.path("a.yaml"))
        return cls

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def slack(cls):
        """Tolerance in seconds: an interval, half an interval that a sample may be late without
        being counted as late, and an interval for each late sample."""
        return INTERVAL * (1.6 + cls.profile.sampling["late"])

    @classmethod
    def show(cls, *options):
        result = pmp("show", cls.path("a.yaml"), *options)
        equal(result.code, 0, result)
        return result.out

    @classmethod
    def window(cls, *options):
        return Profile(cls.show("-f", "yaml", *options))

    @classmethod
    def phases(cls):
        """[(name, first second, last second)] of the timeline, read by the test's own parser."""
        found = []
        for second, names in stacks_by_time(cls.profile.data):
            name = "alpha" if "alpha" in names else "beta" if "beta" in names else None
            if found and found[-1][0] == name:
                found[-1][2] = second
            else:
                found.append([name, second, second])
        return found


def build_id(path):
    """The build ID that readelf prints."""
    found = re.search(r"Build ID: (\w+)", run("readelf", "-n", path).out)
    return found and found.group(1)


def stacks_by_time(data):
    """(second, names of the frames of all threads) of each sample. The format is described in
    merger/formats/yaml_schema.h."""
    nodes = []

    def number(calls):
        for node in calls:
            nodes.append(node["frame"])
            number(node.get("calls") or ())
    number(data["tree"])
    stacks = [()]
    for text in data["timeline"]["stacks"]:
        parent, node = (int(word) for word in text.split()[:2])
        stacks.append(stacks[parent] + (nodes[node - 1],))
    threads = {}
    for text in data["timeline"]["samples"]:
        words = text.split()
        for thread, stack in (word.split("/")[:2] for word in words[3:] if "/" in word):
            threads[thread] = int(stack)
        yield int(words[0]) / 1e6, {name for stack in threads.values() for name in stacks[stack]}


@test("filters of pmp show agree with the weights that the test computes from the profile")
def _():
    run, whole = Run.get(), Run.get().profile
    focus = run.window("--focus", "^beta$")
    equal(sum(node["total"] for node in focus.tree), whole.weight("beta"), "--focus")
    equal(focus.stacks["left_out"], whole.total - whole.weight("beta"), "left out")
    equal(focus.weight("alpha"), 0, "alpha beside it")
    hidden = run.window("--hide", "^half_and_half$")
    equal(hidden.weight("half_and_half"), 0, "--hide")
    equal(hidden.weight_below("beta", "work"), whole.weight_below("beta", "work"),
          "callees of a hidden frame")
    inverted = run.window("--invert")
    own = {}
    for path in whole.paths():
        own[path[-1]["frame"]] = own.get(path[-1]["frame"], 0) + path[-1]["self"]
    for node in inverted.tree:
        own[node["frame"]] = own.get(node["frame"], 0) - node["total"]
    check(not any(own.values()), "the first level of --invert is not the self weights", own)
    thread = run.window("--thread", whole.data["threads"][-1]["tid"])
    equal(sum(node["total"] for node in thread.tree), whole.data["threads"][-1]["stacks"],
          "--thread")
    levels = run.window("--threads")
    equal(sorted(node["total"] for node in levels.tree),
          sorted(row["stacks"] for row in whole.data["threads"]), "-t")
    lines = run.window("--lines")
    equal(sum(path[-1]["total"] for path in lines.paths() if path[-1]["frame"] == "work"
              and path[-1]["line"] == 24),
          sum(path[-1]["lines"].get(24, 0) for path in whole.paths()
              if path[-1]["frame"] == "work"), "--lines")
    # The filter applies to the timeline as well.
    check({"beta" in names for _, names in stacks_by_time(focus.data) if names} == {True},
          "the timeline of --focus")


@test("a live run takes the same options; half of a phase is in C, within the error of --ci")
def _():
    need_live_python()
    with Target(PYTHON, os.path.join(ROOT, "samples", "phases.py"), "--seconds", 60, "--phase", 60,
                env={"PYTHONPATH": os.path.join(BUILD, "samples")}) as target:
        result = pmp("-p", target.pid, "-n", 40, "-r", 40, "-q", "--focus", "half_and_half",
                     "--top", 3, "--ci", limit=60, env={"LC_ALL": "C.UTF-8"})
    equal(result.code, 0, result)
    share, error = re.search(r"^ *([\d.]+)% ± ?([\d.]+) .* burn_some ", result.out, re.M).groups()
    near(float(share), 50, 2 * float(error) + 5, "percent in burn_some")
    check("shown: " in result.out, "nothing was left out", result.out)


@test("the profile's modules have the build IDs that readelf prints")
def _():
    if not shutil.which("readelf"):
        skip("no readelf (binutils)")
    build_ids = {module["path"]: module["build_id"] for module in Run.get().profile.data["modules"]}
    check(Run.profile.data["target"]["executable"] in build_ids, build_ids)
    for path, name in build_ids.items():
        if path.startswith("/"):  # [vdso] is no file
            equal(name, build_id(path), path)


@test("phases change in the timeline when they do in the program, within one interval")
def _():
    run = Run.get()
    phases = run.phases()
    note("program %s\ntimeline %s" % (run.starts, phases))
    check(len(phases) >= 3, "too few phases", phases)
    # The two clocks start at different times, so only the lengths of the phases are compared.
    begins = [begin for _, begin, _ in phases[1:]]
    for begin, following in zip(begins, begins[1:]):
        near(following - begin, PHASE, run.slack(), "seconds of a phase")
    for (name, _, last), (other, first, _) in zip(phases, phases[1:]):
        check({name, other} == {"alpha", "beta"}, "two phases are not alternating", phases)
        check(first - last <= 2 * run.slack(), "a hole between the phases", phases)


@test("a window of one phase has all of it, nothing of the other, half in Python, half in C")
def _():
    run = Run.get()
    _, begin, last = run.phases()[1]
    name, other = ("alpha", "beta") if run.phases()[1][0] == "alpha" else ("beta", "alpha")
    cut = run.window("--from", "%.6f" % begin, "--to", "+%.6f" % (last + 0.000001))
    cut.check_whole()
    samples = cut.sampling["taken"]
    note("%s from %.2f to %.2f: %d samples" % (name, begin, last, samples))
    near(samples, PHASE * RATE, RATE * run.slack(), "samples")
    equal(cut.weight(name, "python"), samples)
    equal(cut.weight(other, "python"), 0)
    equal(cut.weight("rest", "python"), samples)
    equal(cut.total, 2 * samples)
    near(cut.weight_below(name, "spinext_burn"), samples / 2, samples / 3, "samples in C")
    whole = run.window("--from", "0")
    equal(whole.tree, run.profile.tree)


@test("a sleeping thread is half of the wall time and none of the CPU time")
def _():
    run = Run.get()
    near(run.profile.share("rest", "python"), 50, 1, "percent by the clock")
    cut = run.window("--weight", "cpu")
    total = sum(node["total"] for node in cut.tree)
    equal(cut.data["weight"], "cpu_us")
    note("CPU %.2f s of %.2f s; rest %d us"
         % (total / 1e6, run.profile.sampling["seconds"], cut.weight("rest")))
    check(cut.weight("rest") < total / 50, "the sleeping thread uses CPU", cut.weight("rest"))
    check(total / 1e6 <= run.profile.sampling["seconds"] * 1.05,
          "one thread uses more than one CPU", total)
    # On a busy machine it may get less than a whole CPU, but no other thread uses any.
    check(cut.weight("main", "python") > 0.9 * total,
          "the running thread does not have all CPU time")
    running = run.window("--running")
    equal(running.weight("rest", "python"), 0)
    check(running.weight("main", "python") > 0, "no thread ran")
    again = pmp("show", "-", "-f", "yaml", "--weight", "wall",
                stdin=run.show("-f", "yaml", "--weight", "cpu"))
    equal(Profile(again.out).tree, run.profile.tree, "weighted by wall time again")


@test("the raw text and the saved profile give the same windows")
def _():
    run = Run.get()
    for words in ((), ("--from", "1", "--to", "-1"), ("--weight", "cpu"),
                  ("--running", "-f", "trace")):
        folded = pmp("fold", run.path("raw"), "-f", "yaml", *words)
        equal(folded.out, run.show("-f", "yaml", *words), words)


@test("the trace's slices nest, and are as long as the samples of their frames")
def _():
    run = Run.get()
    events = json.loads(run.show("-f", "trace"))["traceEvents"]
    opened, seconds = {}, {}
    for event in events:
        track = opened.setdefault((event["pid"], event["tid"]), [])
        if event["ph"] == "B":
            check(not track or event["ts"] >= track[-1]["ts"], "a slice begins before its caller's",
                  event)
            track.append(event)
        elif event["ph"] == "E":
            check(track and event["ts"] >= track[-1]["ts"],
                  "an end without a begin, or before its begin", event)
            begun = track.pop()
            name, length = begun["name"], (event["ts"] - begun["ts"]) / 1e6
            seconds[name] = seconds.get(name, 0) + length
    check(not any(opened.values()), "slices without an end")
    for name in ("alpha", "beta", "rest", "<module>"):
        wanted = run.profile.weight(name, "python") * INTERVAL
        near(seconds[name], wanted, 1.5 * run.slack() + 0.02 * wanted, "seconds of " + name)
    pauses = [event for event in events if event["ph"] == "X"]
    equal(len(pauses), run.profile.sampling["taken"])
    names = {event["args"]["name"] for event in events if event.get("name") == "thread_name"}
    check("pauses by pmp" in names and len(names) > 1, "tracks", names)


if __name__ == "__main__":
    main()
