#!/usr/bin/env python3
"""pmp dump of correct programs that use their locks all the time: it must report no deadlock.

    tests/stress/deadlocks.py [DUMPS]      dumps of each program (500); PYTHON= names the Python
"""

import collections
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import BUILD, PYTHON, ROOT, Target, pmp  # noqa: E402

HELPERS = os.path.join("tests", "harness", "programs")
PROGRAMS = ((os.path.join(BUILD, HELPERS, "busy"),),
            (PYTHON, os.path.join(ROOT, HELPERS, "busy.py")))


def verdicts(program, dumps):
    """(number of dumps by verdict, the text of each false deadlock)."""
    found, false = collections.Counter(), []
    with Target(*program) as target:
        for _ in range(dumps):
            out = pmp("dump", "-p", target.pid).out
            kind = re.match(r"\w*", out).group()
            found[kind] += 1
            if kind in ("deadlock", ""):
                false.append(out.split("\n\n")[0] or "no report")
        target.check_unharmed()
    return found, false


def run(dumps):
    """True if no deadlock was reported."""
    good = True
    for program in PROGRAMS:
        found, false = verdicts(program, dumps)
        counts = " ".join("%d %s" % (count, kind) for kind, count in found.most_common())
        print("%s: %s" % (os.path.basename(program[-1]), counts))
        print("".join("false: %s\n" % text for text in false), end="", flush=True)
        good = good and not false
    return good


if __name__ == "__main__":
    sys.exit(not run(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
