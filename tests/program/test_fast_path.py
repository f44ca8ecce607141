"""The fast path of the frame parser (merger/parse/gdb_frame_fast.h) gives the same tree as the full
parser.

A colour escape in front of a frame's line has no meaning, but keeps the line out of the fast path.
The text is that of the golden cases and of $PMP_CORPUS (see test_corpus.py).
"""

import glob
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import ROOT, check, main, pmp, test  # noqa: E402

CORPUS = os.environ.get("PMP_CORPUS") or os.path.join(ROOT, "..", "shared", "corpus")
FRAME = re.compile(rb"^(?=#\d)", re.M)
COLOUR = b"\x1b[m"
SPECIAL = b"()<>[]{}\"'\\ ,;:&=@/.*?#0x9afZ_~"
ROUNDS = 50


def texts():
    golden = glob.glob(os.path.join(ROOT, "tests", "golden", "cases", "*", "*.txt"))
    return sorted(golden) + sorted(glob.glob(os.path.join(CORPUS, "*.txt")))


def fold(text, *options):
    result = pmp("fold", "-q", "-f", "yaml", *options, stdin=text, binary=True)
    return result.code, result.out


def trees_differ(text):
    """True if the fast path and the full parser make different trees of text."""
    return fold(text) != fold(FRAME.sub(COLOUR, text))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def mutated(draw, line):
    """A line with some bytes replaced, doubled or removed; its number stays."""
    for _ in range(draw.randrange(4)):
        at = draw.randrange(line.index(b" "), len(line))
        inserted = bytes(draw.choices(SPECIAL, k=draw.randrange(3)))
        line = line[:at] + inserted + line[at + draw.randrange(2):]
    return line


@test("fast path: text of real programs gives equal trees")
def _():
    check(sum(len(FRAME.findall(read(path))) for path in texts()) > 100, "too few frames")
    wrong = [path for path in texts() if trees_differ(read(path))]
    check(not wrong, "equal trees", *wrong)


@test("fast path: mutated lines give equal trees")
def _():
    draw = random.Random(1)
    lines = [line for path in texts() for line in read(path).splitlines()
             if re.match(rb"#\d+ .{8}", line)]
    for _ in range(ROUNDS):
        stacks = (b"Thread %d (LWP %d):\n%s\n\n" % (number + 1, number + 1, b"\n".join(
            b"#%d %s" % (i, mutated(draw, draw.choice(lines)).split(b" ", 1)[1]) for i in range(4)))
            for number in range(50))
        text = b"".join(stacks)
        check(not trees_differ(text), "equal trees", text)


main()
