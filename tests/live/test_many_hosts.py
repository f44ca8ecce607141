"""The README's "Many machines": profiles of several hosts, fetched over ssh and merged."""

import collections
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from many_hosts import HOSTS, Lab, go_inside  # noqa: E402
from profiles import Profile  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import ROOT, check, equal, main, near, test  # noqa: E402

SAMPLES = 100  # per host, as in the README's commands
# Replaces a host's pmp: prints a part of a profile, then ends the ssh connection.
CUT = """#!/bin/sh
head -c 900 ../whole.yaml
pkill -KILL sshd --parent 1
"""
_labs = []


def lab():
    need_live_python()
    if not _labs:
        _labs.append(Lab())
        copied = _labs[0].shell(recipe("scp"))
        equal(copied.code, 0, copied)
    return _labs[0]


def recipe(*words):
    """The only command in the section of samples/README.md that contains these words."""
    with open(os.path.join(ROOT, "samples", "README.md"), encoding="utf-8") as file:
        section = file.read().partition("**Many machines**")[2].partition("\n**")[0]
    found = [line for line in re.findall(r"^    \$ (.*)", section, re.MULTILINE)
             if all(w in line for w in words)]
    equal(len(found), 1, "lines with %s in\n%s" % (words, section))
    return found[0]


def readme_pipe():
    return recipe("look=") + "\n" + recipe("--nonall")


def check_sum(profile, hosts, samples=SAMPLES):
    """The profile is complete, and has a subtree with all samples of each host."""
    profile.check_whole()
    equal(profile.data.get("runs", 1), len(hosts))
    equal([node["frame"] for node in profile.tree], list(hosts))
    equal([node["total"] for node in profile.tree], [samples] * len(hosts))
    equal(profile.sampling["taken"], samples * len(hosts))
    of_each = profile.data["targets"] if len(hosts) > 1 else [profile.data["target"]]
    equal([target["host"] for target in of_each], list(hosts))


def weights(profile, nodes, above=()):
    """Counter of the samples of each path of frames below nodes: total, self, and by line."""
    found = collections.Counter()
    for path in profile.paths(nodes):
        names = tuple((node["frame"], node["kind"], node.get("file"), node.get("module"))
                      for node in path)
        for what in ("total", "self"):
            found[names, what] += path[-1][what]
        for line, count in (path[-1].get("lines") or {}).items():
            found[names, line] += count
    return found


@test("the README's pipe gives the sum of all hosts' samples")
def _():
    result = lab().shell("set -o pipefail\n" + readme_pipe())
    equal((result.code, result.err), (0, ""), result)
    profile = Profile.load(lab().path("admin/web.yaml"))
    check_sum(profile, HOSTS)
    near(profile.share("query", "python"), 67, 15)


@test("merged files have the weights of their sum, with and without a subtree per host")
def _():
    result = lab().shell("mkdir out\n%s\n%s -q -o by_host.yaml; pmp merge out/* -q -o one_tree.yaml"
                         % (recipe("look="), recipe("wait")))
    equal((result.code, result.out, result.err), (0, "", ""), result)
    one_tree, by_host = (Profile.load(lab().path("admin/%s.yaml" % name))
                         for name in ("one_tree", "by_host"))
    check_sum(by_host, HOSTS)
    one_tree.check_whole()
    parts = [Profile.load(lab().path("admin/out/" + host)) for host in HOSTS]
    for root, part in zip(by_host.tree, parts):
        equal(weights(by_host, root["calls"]), weights(part, part.tree), root["frame"])
    equal(weights(one_tree, one_tree.tree),
          sum((weights(part, part.tree) for part in parts), collections.Counter()))
    for key in ("asked", "taken", "late", "failed"):
        equal(by_host.sampling[key], sum(part.sampling[key] for part in parts), key)


def sample_few(*hosts):
    """Runs the pipe with 3 samples of these hosts; stdout has the exit codes of both commands."""
    line = readme_pipe().replace("-n 100", "-n 3").replace(",".join(HOSTS), ",".join(hosts))
    return lab().shell(line.replace("-o web.yaml", "-q -o few.yaml") + "; echo ${PIPESTATUS[*]}")


@test("errors of a host that is down and of one without the program; the third is in the sum")
def _():
    equal(lab().shell("ssh web2 pkill -x app").code, 0)
    result = sample_few("web1", "web2", "web9")
    equal(result.out, "2 0\n", result)
    check("host web9 port 22: Connection refused" in result.err, "the host that is down", result)
    check("pmp: -p: '' is no process id" in result.err, "the host without the process", result)
    check_sum(Profile.load(lab().path("admin/few.yaml")), ("web1",), 3)


@test("a truncated profile is an error that names its host, and nothing is written")
def _():
    with open(os.path.join(ROOT, "tests", "golden", "cases", "merge-two", "app.yaml"),
              encoding="utf-8") as file:
        lab().write("whole.yaml", file.read().replace("box1", "web2"))
    lab().write("web2/pmp", CUT, 0o755)
    lab().write("admin/few.yaml", "as it was\n")
    result = sample_few("web1", "web2")
    equal(result.out, "1 8\n", result)
    check(re.search(r"^pmp: standard input \(profile [12], of web2\):", result.err, re.MULTILINE),
          "the host's name", result)
    equal(lab().read("admin/few.yaml"), "as it was\n")


go_inside()
main()
