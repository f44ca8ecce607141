#!/usr/bin/env python3
"""Other programs read pmp's files. Totals and each function's weight equal those of the profile."""

import functools
import json
import os
import random
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from browsers import need_browser  # noqa: E402
from profiles import Profile  # noqa: E402
from tap import BUILD, PMP, ROOT, check, equal, main, pmp, run, skip, temp_dir, test  # noqa: E402

GOLDEN = os.path.join(ROOT, "tests", "golden", "cases")
READERS = os.path.join(ROOT, "tests", "harness", "readers")
MODULES = os.path.join(BUILD, "readers", "node_modules")
BROWSER = os.path.join(ROOT, "tests", "harness", "programs", "browse_speedscope.js")

ODD = """\
main;a "b" \\c;(12) name 3
main;</script>&lt,;%s %n 4
main;fn=(1) x;+5;calls=1 2;* 5
main;\u00e9\U0001f600\ufffe;summary: 9;f'2 6
"""
RECURSIVE = "main;f;f;f;g 3\nmain;f;g;f;g;h 4\nmain;g;f 2\nmain 1\n"

# 40 samples at 10 Hz: `main` calls `alpha`, then `beta`, for 2 s each; another thread sleeps.
STEADY = """\
pmp-profile: 1
target: {pid: 700}
sampling: {asked: 40, taken: 40, late: 0, failed: 0, rate_hz: 10, achieved_hz: 10.0, seconds: 4.0,
    stopped_share: 0.01}
stacks: {total: 80, merged: 40, native_only: 40, python_only: 0, partial: 0, unpaired: 0, lost: 0}
threads: [{tid: 700, name: main, stacks: 40}, {tid: 701, name: rest, stacks: 40}]
tree:
- {frame: main, kind: python, file: a.py, first_line: 1, total: 40, self: 0, lines: {5: 20, 6: 20},
   calls: [
    {frame: alpha, kind: python, file: a.py, first_line: 10, total: 20, self: 20, lines: {12: 20}},
    {frame: beta, kind: python, file: a.py, first_line: 20, total: 20, self: 20, lines: {22: 20}}]}
- {frame: nap, kind: native, module: /lib/libc.so.6, total: 40, self: 40}
timeline:
  stacks: [0 1 5, 1 2 12 merged, 0 1 6, 3 3 22 merged, 0 4 0 native_only]
  samples:
""" + "".join(
    "  - %d 700 900%s\n" % (i * 100000, {0: " 1/2/R/90 2/5/S/10", 20: " 1/4/R/80"}.get(i, ""))
    for i in range(40))


def many():
    """Some hundred stacks without recursion: each function has a fixed depth."""
    dice = random.Random(7)
    lines = []
    for _ in range(400):
        stack = [name for i in range(40) for name in ("f%d_%d" % (i, dice.randrange(4)),)
                 if dice.random() < 0.4]
        lines.append("%s %d" % (";".join(["main"] + stack), dice.randrange(1, 9)))
    return "\n".join(lines) + "\n"


class Case:
    """One profile in all formats, in one folder."""

    def __init__(self, name, *words, text=None):
        self.name, self.folder = name, temp_dir()
        source = os.path.join(self.folder, "source")
        if text is None:
            folder = os.path.join(GOLDEN, name)
            source = os.path.join(folder,
                                  next(n for n in os.listdir(folder) if n.endswith(".yaml")))
        else:
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
        for suffix in ("yaml", "json", "folded", "speedscope.json", "pb.gz", "callgrind"):
            result = run(PMP, "show", source, *words, "-q", "-o", self.path(suffix))
            equal((result.code, result.err), (0, ""), result)
        self.profile = Profile.load(self.path("yaml"))
        self.total = sum(node["total"] for node in self.profile.tree)
        self.is_cpu = self.profile.data.get("weight") == "cpu_us"

    def path(self, suffix):
        return os.path.join(self.folder, "p." + suffix)

    def functions(self, key, levels):
        """{key(node): [total, self]}. levels: with the nodes of processes and threads."""
        found = {}
        for path in self.profile.paths():
            node = path[-1]
            if node["kind"] in ("process", "thread") and not levels:
                continue
            weights = found.setdefault(key(node), [0, 0])
            weights[1] += node["self"]
            if key(node) not in [key(other) for other in path[:-1]]:
                weights[0] += node["total"]
        return {name: weights for name, weights in found.items() if weights[0]}


@functools.lru_cache(None)
def cases():
    return [
        Case("show-speedscope-timeline"),
        Case("show-speedscope-timeline", "--weight", "cpu"),
        Case("show-weight-cpu"),
        Case("show-yaml-tree"),
        Case("show-full-paths"),
        Case("steady", text=STEADY),
        Case("steady", "--weight", "cpu", text=STEADY),
        Case("odd names", text=ODD),
        Case("recursion", text=RECURSIVE),
        Case("many", text=many()),
    ]


def read_by(script, paths):
    """The profiles of each file, as a script in tests/harness/readers prints them."""
    if not shutil.which("node"):
        skip("no node (Node.js)")
    if not os.path.isdir(MODULES):
        skip("%s is missing; `.ci/deps check` fetches it with npm" % MODULES)
    result = run("node", os.path.join(READERS, script), MODULES, *paths)
    equal(result.code, 0, result)
    return [json.loads(line) for line in result.out.splitlines()]


def name_of(node):
    return node["frame"]


def by_name(functions):
    ret = {}
    for name, total, own in functions:
        weights = ret.setdefault(name, [0, 0])
        weights[0] += total
        weights[1] += own
    return {name: weights for name, weights in ret.items() if weights[0]}


def scaled(functions, factor):
    return {name: [weight * factor for weight in weights] for name, weights in functions.items()}


def same(found, wanted, what):
    """Two dicts are equal; a failure shows the first differences."""
    odd = {name: (found.get(name), wanted.get(name)) for name in {*found, *wanted}
           if found.get(name) != wanted.get(name)}
    check(not odd, "%s: got, wanted: %r" % (what, dict(list(odd.items())[:5])))


@test("speedscope reads speedscope's file: the weights of all threads are those of the profile")
def _():
    all_cases = cases()
    paths = [case.path("speedscope.json") for case in all_cases]
    for case, profiles in zip(all_cases, read_by("speedscope.mjs", paths)):
        equal(sum(profile["total"] for profile in profiles), case.total, case.name)
        equal({profile["unit"] for profile in profiles},
              {"microseconds" if case.is_cpu else "none"}, case.name)
        functions = by_name([function for profile in profiles for function in profile["functions"]])
        same(functions, case.functions(name_of, levels=False), case.name)


@test("pprof-format and speedscope read pprof's file: the weights are those of the profile")
def _():
    all_cases = cases()
    paths = [case.path("pb.gz") for case in all_cases]
    others = read_by("speedscope.mjs", paths)
    for case, profiles, (other,) in zip(all_cases, read_by("pprof.mjs", paths), others):
        kind, unit, factor = ("samples", "count", 1)
        if case.is_cpu:
            kind, unit, factor = ("cpu", "nanoseconds", 1000)
        found = next(profile for profile in profiles if profile["name"] == kind)
        wanted = case.functions(name_of, levels=False)
        equal((found["unit"], found["total"]), (unit, case.total * factor), case.name)
        same(by_name(found["functions"]), scaled(wanted, factor), case.name)
        equal(other["total"], case.total * factor, case.name)
        same(by_name(other["functions"]), scaled(wanted, factor), case.name)


@test("speedscope reads callgrind's file: the self weights are those of the profile")
def _():
    all_cases = cases()
    paths = [case.path("callgrind") for case in all_cases]
    for case, profiles in zip(all_cases, read_by("speedscope.mjs", paths)):
        own = {name: weights[1] for name, weights in case.functions(name_of, levels=True).items()}
        # speedscope guesses a tree from the call graph. The guess is wrong with recursion and with
        # many small weights.
        if case.name != "recursion":
            equal(profiles[0]["total"], case.total, case.name)
        if case.name not in ("recursion", "many"):
            same({name: own for name, (_, own) in by_name(profiles[0]["functions"]).items()}, own,
                 case.name)


@test("speedscope reads collapsed stacks: the total is that of the profile")
def _():
    all_cases = cases()
    paths = [case.path("folded") for case in all_cases]
    for case, (profile,) in zip(all_cases, read_by("speedscope.mjs", paths)):
        equal(profile["total"], case.total, case.name)


@test("speedscope reads Chrome trace events: a function lasts as long as its samples")
def _():
    case = Case("steady", text=STEADY)
    path = case.path("trace.json")
    equal(run(PMP, "show", case.path("yaml"), "-q", "-o", path).code, 0)
    (profiles,) = read_by("speedscope.mjs", [path])
    functions = [
        [re.sub(r" \{.*", "", name), total, own]  # a slice's arguments follow its name
        for profile in profiles if "pauses by pmp" not in profile["name"]
        for name, total, own in profile["functions"]]
    same(by_name(functions), scaled(case.functions(name_of, levels=False), 100000), case.name)
    equal([profile["total"] for profile in profiles if "pauses by pmp" in profile["name"]],
          [40 * 900])


def annotated(path, inclusive):
    """(total, {file:function: cost}) of the first event, as callgrind_annotate prints them."""
    if not shutil.which("callgrind_annotate"):
        skip("no callgrind_annotate (valgrind)")
    with open(path, encoding="utf-8") as file:
        event = re.search(r"^events: (\S+)", file.read(), re.M).group(1)
    result = run("callgrind_annotate", "--threshold=100", "--auto=no", "--show=" + event,
                 "--inclusive=" + inclusive, path)
    equal((result.code, result.err), (0, ""), result)
    rows = re.findall(r"^ *([\d,]+) \(\s*[\d.]+%\)  (.*)$", result.out, re.M)
    costs = {re.sub(r" \[.*\]$", "", name): int(cost.replace(",", "")) for cost, name in rows}
    return costs.pop("PROGRAM TOTALS"), costs


@test("callgrind_annotate reads callgrind's file: self and inclusive costs are the profile's")
def _():
    def key(node):
        return "%s:%s" % (node.get("file", "???"), node["frame"])

    for case in cases():
        wanted = case.functions(key, levels=True)
        for inclusive, at in (("no", 1), ("yes", 0)):
            total, costs = annotated(case.path("callgrind"), inclusive)
            equal(total, case.total, case.name)
            same(costs, {name: weights[at] for name, weights in wanted.items() if weights[at]},
                 case.name)


@test("Python's json and PyYAML read the same data, and no weight is lost")
def _():
    for case in cases():
        with open(case.path("json"), encoding="utf-8") as file:
            data = json.load(file)
        equal(data, json.loads(json.dumps(case.profile.data, default=str)), case.name)
        equal(sum(node["total"] for node in data["tree"]), case.total, case.name)
        if not case.is_cpu:
            case.profile.check_whole()


@test("speedscope's page opens a trace and a speedscope file, with a profile for each thread")
def _():
    words, chromium = need_browser()
    home = os.path.join(MODULES, "speedscope", "dist", "release", "index.html")
    if not os.path.exists(home):
        skip("%s is missing; `.ci/deps check` fetches it with npm" % home)
    for suffix, first, profiles in ((".trace.json", "main (pid 700, tid 700)", 3),
                                    (".speedscope.json", "main (tid 700)", 2)):
        path = os.path.join(temp_dir(), "x" + suffix)
        equal(pmp("show", "-q", "-", "-o", path, stdin=STEADY).code, 0)
        result = run(*words, BROWSER, chromium, temp_dir(), home, path, limit=50)
        equal(result.code, 0, result)
        seen = json.loads(result.out)
        equal(seen["errors"], [])
        check(first in seen["text"] and "(1/%d)" % profiles in seen["text"], seen)


main()
