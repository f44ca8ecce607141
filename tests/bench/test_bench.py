"""The quick rows of `make bench`. The test fails if a ratio is more than twice its target."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import ROOT, SANITIZED, check, main, note, run, skip, test  # noqa: E402


@test("no ratio is more than twice its target")
def _():
    if SANITIZED:
        skip("a sanitizer build is slow")
    result = run(sys.executable, os.path.join(ROOT, "tests", "bench", "bench.py"), "--quick",
                 limit=150)
    for line in result.out.splitlines():
        note(line)
    check(result.code == 0, result)


main()
