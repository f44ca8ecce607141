"""Each fuzz target replays its corpus: inputs that once broke it or that reach new code."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import BUILD, ROOT, check, main, run, test  # noqa: E402

FUZZ = os.path.join(ROOT, "tests", "fuzz")
NAMES = sorted(name[:-2] for name in os.listdir(FUZZ)
               if name.endswith(".c") and name not in ("oracle.c", "replay.c"))
# These targets use the corpus of another target with the same input.
SHARED = {"views": "yaml", "chunks": "text"}
# Bytes: the limit for all corpora in the repository.
CORPUS_MAX = 1 << 20


def add(name):
    @test(name)
    def _():
        folder = os.path.join(FUZZ, "corpus", SHARED.get(name, name))
        result = run(os.path.join(BUILD, "tests", "fuzz", name), folder, limit=100)
        check(result.code == 0, "the last named input breaks the target", result)
        count = len(os.listdir(folder))
        check(count > 0 and result.err.endswith("%d replayed\n" % count),
              "not all inputs were replayed", result)


for target in NAMES:
    add(target)


@test("each target has a dictionary, and the corpora are small")
def _():
    for name in NAMES:
        check(os.path.exists(os.path.join(FUZZ, "dict", name + ".dict")), name)
    sizes = [os.path.getsize(os.path.join(where, file))
             for where, _, files in os.walk(os.path.join(FUZZ, "corpus")) for file in files]
    check(sum(sizes) <= CORPUS_MAX, "%d bytes" % sum(sizes))


main()
