"""The part of `make matrix` that this machine's own Python and a stripped copy of it can show."""

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

HOWS = {"as it is": builds.as_it_is, "stripped": builds.stripped}
VERSION = sys.version_info[:2]  # tests/run runs this in PYTHON
SHARES = {"steady": 0.999, "restless": 0.99}


def build(how):
    need_live_python()
    found = builds.ask(PYTHON, "", [])
    check(found, "%s does not run" % PYTHON)
    return HOWS[how](found)


def add(how, cases):
    name = cases[0].shows if len(cases) == 1 else "each in a thread: " + ", ".join(case.name for case in cases)

    @test("%s: %s" % (how, name))
    def _():
        profile, found = sample.look(build(how), temp_dir(), cases)
        note("stacks %s" % profile.marks)
        wrong = {name: trouble for name, trouble in found.items() if trouble}
        missing = {name: trouble for name, trouble in wrong.items() if trouble.startswith("skip: ")}
        check(len(missing) == len(wrong), "\n".join("%s: %s" % item for item in wrong.items()))
        if len(missing) == len(cases):
            skip("; ".join(missing.values()))
        note("not there: %s" % missing)


for build_how in HOWS:
    for group in groups(VERSION, check_only=True)[:None if build_how == "as it is" else 2]:
        add(build_how, group)


def add_share(name, least):
    @test("%s: nearly every stack of it is merged, no weight is lost" % name)
    def _():
        profile, _ = sample.watch(build("as it is"), temp_dir(), name, 300)
        note("stacks %s, %d without Python" % (profile.marks, profile.bare()))
        equal(wrong_weight(profile, None), None)
        check(profile.merged() >= least, "%.2f %% merged" % (100 * profile.merged()), profile.marks)


for share_name, share in SHARES.items():
    add_share(share_name, share)
main()
