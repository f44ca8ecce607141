"""What the fuzzers found and what they reached, replayed through each target's entry point: tests/fuzz."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import BUILD, ROOT, check, main, run, test  # noqa: E402

FUZZ = os.path.join(ROOT, "tests", "fuzz")
NAMES = sorted(name[:-2] for name in os.listdir(FUZZ) if name.endswith(".c") and name not in ("oracle.c", "replay.c"))
# A target that takes what another takes has no corpus of its own.
SHARED = {"views": "yaml", "chunks": "text"}
# What a repository should hold of it.
CORPUS_MAX = 1 << 20


def add(name):
    @test(name)
    def _():
        folder = os.path.join(FUZZ, "corpus", SHARED.get(name, name))
        result = run(os.path.join(BUILD, "tests", "fuzz", name), folder, limit=100)
        check(result.code == 0, "the last input named breaks it", result)
        count = len(os.listdir(folder))
        check(count > 0 and result.err.endswith("%d replayed\n" % count), "not all were replayed", result)


for target in NAMES:
    add(target)


@test("each target has a dictionary, and all of the corpus is small")
def _():
    for name in NAMES:
        check(os.path.exists(os.path.join(FUZZ, "dict", name + ".dict")), name)
    sizes = [os.path.getsize(os.path.join(where, file))
             for where, _, files in os.walk(os.path.join(FUZZ, "corpus")) for file in files]
    check(sum(sizes) <= CORPUS_MAX, "%d bytes" % sum(sizes))


main()
