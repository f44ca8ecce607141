"""The quick rows of `make bench`, as a report: it fails where a ratio is off its target by more than double."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import ROOT, SANITIZED, check, main, note, run, skip, test  # noqa: E402


@test("no ratio is off by more than double")
def _():
    if SANITIZED:
        skip("a sanitizer's build is slow by nature")
    result = run(sys.executable, os.path.join(ROOT, "tests", "bench", "bench.py"), "--quick", limit=150)
    for line in result.out.splitlines():
        note(line)
    check(result.code == 0, result)


main()
