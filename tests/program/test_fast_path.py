"""The fast way through gdb's lines (merger/parse/gdb_frame_fast.h) ends in the tree that the long way makes of them.

A colour in front of a frame's line changes nothing of what it says, but keeps the line from the fast way. The text is
that of the golden cases, and ../shared/corpus (or $PMP_CORPUS) if it is there.
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


def differ(text):
    """Whether the fast way and the long way make different trees of text."""
    return fold(text) != fold(FRAME.sub(COLOUR, text))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def mutated(draw, line):
    """A line with bytes of it replaced, doubled or left out; its number stays."""
    for _ in range(draw.randrange(4)):
        at = draw.randrange(line.index(b" "), len(line))
        line = line[:at] + bytes(draw.choices(SPECIAL, k=draw.randrange(3))) + line[at + draw.randrange(2):]
    return line


@test("fast path: text of real programs")
def _():
    check(sum(len(FRAME.findall(read(path))) for path in texts()) > 100, "enough frames")
    wrong = [path for path in texts() if differ(read(path))]
    check(not wrong, "equal trees", *wrong)


@test("fast path: lines that nobody printed")
def _():
    draw = random.Random(1)
    lines = [line for path in texts() for line in read(path).splitlines() if re.match(rb"#\d+ .{8}", line)]
    for _ in range(ROUNDS):
        stacks = (b"Thread %d (LWP %d):\n%s\n\n" % (number + 1, number + 1, b"\n".join(
            b"#%d %s" % (i, mutated(draw, draw.choice(lines)).split(b" ", 1)[1]) for i in range(4)))
            for number in range(50))
        text = b"".join(stacks)
        check(not differ(text), "equal trees", text)


main()
