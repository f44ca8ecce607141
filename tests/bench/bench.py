#!/usr/bin/env python3
"""Measures pmp and, for comparison, other tools: `make bench`.

    tests/bench/bench.py [--quick] [--only REGEX] [--rounds N]

Prints one line for each row: the median of some rounds (and the least and the most), the target,
their ratio (1 or less: reached), and the figures of other tools. Writes all figures to
$B/bench.json. README.md describes the rows.
"""

import argparse
import atexit
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import merge  # noqa: E402
import native_names  # noqa: E402
import pauses  # noqa: E402
import rows  # noqa: E402
import text  # noqa: E402
import trees  # noqa: E402
from tap import clean_up  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true",
                        help="under a minute; fails if a ratio is more than twice its target")
    parser.add_argument("--only", default="", help="rows with this in their name")
    parser.add_argument("--rounds", type=int, default=0)
    options = parser.parse_args()
    atexit.register(clean_up)
    modules = (pauses, native_names, text, trees, merge)
    chosen = [row for module in modules for row in module.rows(options.quick)
              if re.search(options.only, row.name) and (row.quick or not options.quick)]
    out = os.path.join(rows.BUILD, "bench-quick.json" if options.quick else "bench.json")
    rows.run(chosen, out, options.rounds or (1 if options.quick else None))
    if options.quick:
        rows.fail(chosen)


main()
