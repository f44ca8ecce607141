"""Real gdb text from bug reports, compared with counts that were made by hand: one test per file.

The text is not in this repository, because its licences vary. $PMP_CORPUS names its folder
(default: ../shared/corpus, beside the project); without it the tests are skipped. The last test
prints the shares of correct counts as comments.

A trace or a frame counts if it was printed. This includes the single "#0" that gdb prints when a
process stops, and the frame that "frame N" prints again. test_text_parser tests that these are not
stacks.
"""

import collections
import csv
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import BUILD, ROOT, check, equal, main, note, run, skip, test  # noqa: E402

COLUMNS = ("threads", "traces", "frames", "pybt_full_frames", "pybt_text_blocks")
COUNTS = os.path.join(BUILD, "tests", "harness", "programs", "dump_counts")
CORPUS = os.environ.get("PMP_CORPUS") or os.path.join(ROOT, "..", "shared", "corpus")


def read_counts(path):
    result = run(COUNTS, path)
    check(result.code == 0, "exit code", result)
    fields = result.out.rstrip("\n").split("\t")
    return dict(zip(COLUMNS + ("stacks", "lines", "unknown"), map(int, fields[1:])))


def read_stacks(name):
    """Each stack as a list of frames; a frame is a dictionary of the fields of dump_counts -f."""
    stacks = []
    for line in run(COUNTS, "-f", os.path.join(CORPUS, name)).out.splitlines():
        fields = line.split("\t")
        if fields[0] == "stack":
            stacks.append([])
        elif fields[0] == "frame":
            frame = dict(field.split("=", 1) for field in fields[2:])
            frame["number"] = int(fields[1])
            stacks[-1].append(frame)
    return stacks


def plain(name):
    """The part of a name on which all tools agree: no arguments, template arguments or symbol
    version."""
    name = re.sub(r"@@?GLIBC.*", "", name or "")
    before = None
    while before != name:
        before, name = name, re.sub(r"<[^<>]*>", "", name)
    name = name.split("(", 1)[0].strip()
    return "" if name.endswith("??") else name


def check_counts(row, shares):
    got = read_counts(os.path.join(CORPUS, row["file"]))
    sure = row["count_confidence"]
    wanted = {column: int(row[column] or 0) for column in COLUMNS}
    shares[sure]["files"] += 1
    for column in COLUMNS:
        shares[sure][column] += got[column] == wanted[column]
    for key in ("lines", "unknown"):
        shares["text"][key] += got[key]
    got = {column: got[column] for column in COLUMNS}
    if sure == "high":
        equal(got, wanted, row["file"])
    elif got != wanted:
        note("%s is not certain: %r, counted by hand %r" % (row["file"], got, wanted))


def check_apport(row, name):
    """The function, address and library of each frame are those that apport's parser found."""
    with open(os.path.join(CORPUS, name), encoding="utf-8") as file:
        wanted = json.load(file)
    got = [frame for stack in read_stacks(row["file"]) for frame in stack]
    equal([frame["number"] for frame in got], [frame["depth"] for frame in wanted], name)
    for frame, want in zip(got, wanted):
        where = "%s, #%d" % (name, frame["number"])
        equal(plain(frame["name"]), plain(want.get("function")), where)
        equal(int(frame["addr"][2:], 16), int(want.get("address") or "0", 16), where)
        # apport's parser does not read a library from a wrapped line
        if want.get("dylib"):
            equal(frame["module"], want["dylib"], where)


def check_pmp(row, name):
    """The number of stacks with equal functions is pt-pmp's."""
    wanted = collections.Counter()
    with open(os.path.join(CORPUS, name), encoding="utf-8") as file:
        for line in file:
            count, stack = line.split(None, 1)
            stack = re.sub(r"<[^<>]*>", "", stack.strip())  # templates hold commas
            wanted[tuple(plain(part) for part in stack.split(","))] += int(count)
    got = collections.Counter(tuple(plain(frame["name"]) for frame in stack)
                              for stack in read_stacks(row["file"]))
    wrong = ["%d, pt-pmp %d: %s" % (got[key], wanted[key], ",".join(key)[:200])
             for key in sorted(set(got) | set(wanted)) if got[key] != wanted[key]]
    check(not wrong, name, *wrong[:20])


def register(row, shares):
    test("corpus: " + row["file"])(lambda: check_counts(row, shares))
    for name in filter(None, row["expected"].split(",")):
        if name.endswith("expected-frames.json"):
            test("corpus: " + name)(lambda name=name: check_apport(row, name))
        elif re.search(r"(pt-2211|stacktrace\d\d\d)\.out$", name):
            test("corpus: " + name)(lambda name=name: check_pmp(row, name))


def register_all():
    manifest = os.path.join(CORPUS, "MANIFEST.tsv")
    if not os.path.exists(manifest):
        test("corpus of real gdb text")(lambda: skip("no %s" % manifest))
        return
    with open(manifest, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    shares = collections.defaultdict(collections.Counter)
    for row in rows:
        register(row, shares)

    @test("corpus: the shares of correct counts")
    def _():
        for sure in ("high", "medium", "not gdb"):
            share = shares[sure]
            note("%s: %s" % (sure, ", ".join("%s %d/%d" % (column, share[column], share["files"])
                                              for column in COLUMNS)))
        note("unknown lines: %d of %d" % (shares["text"]["unknown"], shares["text"]["lines"]))


register_all()
main()
