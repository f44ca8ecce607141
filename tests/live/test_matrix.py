"""The part of `make matrix` that runs on PYTHON and on a stripped copy of it."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "matrix"))
import builds  # noqa: E402
import sample  # noqa: E402
from case_table import groups  # noqa: E402
from judge import wrong_weight  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import PYTHON, check, equal, main, note, skip, temp_dir, test  # noqa: E402

BUILDS = {"as it is": builds.as_it_is, "stripped": builds.stripped}
VERSION = sys.version_info[:2]  # tests/run starts this file with PYTHON
SHARES = {"steady": 0.999, "churn": 0.99}


def build(how):
    need_live_python()
    found = builds.probe_python(PYTHON, "", [])
    check(found, "%s does not run" % PYTHON)
    return BUILDS[how](found)


def add(how, cases):
    name = cases[0].shows if len(cases) == 1 else "a thread for each of " + ", ".join(
        case.name for case in cases)

    @test("%s: %s" % (how, name))
    def _():
        profile, found = sample.sample_cases(build(how), temp_dir(), cases)
        note("stacks %s" % profile.stack_counts)
        wrong = {name: trouble for name, trouble in found.items() if trouble}
        missing = {name: trouble for name, trouble in wrong.items() if trouble.startswith("skip: ")}
        check(len(missing) == len(wrong), "\n".join("%s: %s" % item for item in wrong.items()))
        if len(missing) == len(cases):
            skip("; ".join(missing.values()))
        note("not run: %s" % missing)


for build_how in BUILDS:
    for group in groups(VERSION, check_only=True)[:None if build_how == "as it is" else 2]:
        add(build_how, group)


def add_share(name, least):
    @test("%s: at least %g %% of the stacks are merged, no weight is lost" % (name, 100 * least))
    def _():
        profile, _ = sample.sample_running(build("as it is"), temp_dir(), name, 300)
        note("stacks %s, %d without Python" % (profile.stack_counts, profile.without_python()))
        equal(wrong_weight(profile, None), None)
        check(profile.merged() >= least, "%.2f %% merged" % (100 * profile.merged()),
              profile.stack_counts)


for share_name, share in SHARES.items():
    add_share(share_name, share)
main()
