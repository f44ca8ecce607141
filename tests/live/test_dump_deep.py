"""pmp dump of recursions that are too deep to keep all of their frames: leaf and root are shown,
and how many frames there are in between."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from hangs import c_program, check_unharmed, check_verdict, py_program, start_hang  # noqa: E402
from targets import need_gdb, need_live_python  # noqa: E402
from tap import check, equal, main, note, pmp, test  # noqa: E402

LINES_MAX = 60  # of a report
FRAMES_KEPT = 20000  # half of them above, half below those that are left out
SHOWN = r"\n    %s \(deep\.\w+:\d+\)\n"


def more_times(out):
    """How often the functions are there, as the report counts them."""
    return [int(number) for number in re.findall(r"functions? (\d+) more times\)", out)]


def check_deep(program, case, functions, depth):
    target, pid = start_hang(program, case)
    with target:
        result = pmp("dump", "-p", pid)
        equal(result.code, 0, result)
        out = re.sub(r"\n        > .*", "", result.out)  # without source lines
        check_verdict(out, "sleep", "certain", (r"in rest at deep\.\w+:\d+",))
        for name in ("rest", "begin") + functions:
            check(re.search(SHOWN % name, out), name + " is missing", out)
        check(out.count("\n") < LINES_MAX, "too long", out)
        left = sum(int(number) for number in re.findall(r"\((\d+) more frames\)", out))
        counted = sum(number + 1 for number in more_times(out)) * len(functions)
        note("%d frames left out, %d counted" % (left, counted))
        check(abs(left + counted - depth) < 40, "wanted %d frames" % depth, out)
        check(FRAMES_KEPT - 40 < counted <= FRAMES_KEPT, "kept", out)
        check_unharmed(pid)


@test("a deep recursion in C")
def _():
    need_gdb()
    check_deep(c_program("deep"), "once", ("down",), 50001)
    check_deep(c_program("deep"), "cycle", ("ping", "pong"), 60001)


@test("a deep recursion in Python")
def _():
    need_live_python()
    check_deep(py_program("deep"), "once", ("down",), 50001)
    check_deep(py_program("deep"), "cycle", ("ping", "pong"), 60001)


main()
