"""pmp dump of families of processes: a row for each case of samples/hang/families.c."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from hangs import c_program, check_rows  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import main, test  # noqa: E402

C = c_program("families")

# As in tests/harness/hangs.py.
LOAD = (
    (C, "server-80", "busy", "certain",
     (r"\(families\) .*\d+ % of a CPU in the [\d.]+ s before the stop",
      r" in (server_80|burn) at families.c:\d+")),
    (C, "reader-80", "busy", "certain", (r"\(families\) .*\d+ % of a CPU in the",)),
)


@test("a server that uses a CPU is busy, wherever it is caught")
def _():
    need_gdb()
    check_rows(LOAD)


main()
