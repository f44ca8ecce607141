"""Which functions call one, by the code of a file, outside gdb."""

import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import pythons  # noqa: E402
from agent_modules import load  # noqa: E402
from targets import function_addresses  # noqa: E402
from tap import check, equal, main, note, run, skip, temp_dir, test  # noqa: E402

Callers = load("callers").Callers
FrameTable = load("cfi").FrameTable
Elf = load("elf").Elf
common_owner = load("function_label").common_owner

PROGRAM = """
#include <stdlib.h>
#define FAR __attribute__((noinline, noclone, noipa))
FAR static int deep(int n) { return n * atoi("3"); }
FAR static int helper(int n) { return deep(n) + deep(n + 1) + atoi("1"); }
FAR static int shared(int n) { return n + atoi("4"); }
FAR static int jumped_to(int n) { return n + atoi("5"); }
FAR static int in_table(int n) { return n + atoi("6"); }
FAR static int taken(const void *a, const void *b) { return a > b ? atoi("7") : 0; }
FAR static int recursive(int n) { return n ? recursive(n - 1) + atoi("8") : 0; }
FAR int first(int n) { return helper(n) + shared(n) + 1; }
FAR int second(int n) { return shared(n) + recursive(n) + 2; }
FAR int third(int n) { return jumped_to(n + 1); }
FAR int fourth(int *all, int n) { qsort(all, n, sizeof(*all), taken); return all[0]; }
int (*volatile table[])(int) = { in_table };
int main(int argc, char **argv)
{
	int all[4] = { argc };
	return first(argc) + second(argc) + third(argc) + fourth(all, 4) + table[0](argc) + !argv;
}
"""
OWNERS = {"helper": {"first"}, "deep": {"first"}, "shared": {"first", "second"},
          "jumped_to": {"third"}, "recursive": {"second"}, "in_table": set(), "taken": set()}
NAMED = ("first", "second", "third", "fourth", "main")
INSTRUCTION = re.compile(r" *([0-9a-f]+):\t(.*)$")
CALL = re.compile(r"(?:call|j[a-z]+)q? +([0-9a-f]+)\b")
ADDRESS = re.compile(r"(?:# |\$0x)([0-9a-f]+)\b")


def pointers_of(elf):
    """The words of the file's data; of a file that is mapped anywhere, its relocations' addends."""
    words = set()
    for _, data in elf.variables():
        words.update(memoryview(data[:len(data) & ~7]).cast("Q"))
    if not elf.fixed:
        rows = run("objdump", "-R", elf._source).out
        words.update(int(word, 16) for word in re.findall(r"\*ABS\*\+0x([0-9a-f]+)", rows))
    return words


def make_callers(path, names):
    elf = Elf(path)
    starts = FrameTable(elf.read, *elf.frame_header).starts()
    callers = Callers(elf.code(1 << 24), elf.fixed, starts, names, pointers_of(elf),
                      lambda start: start)
    return callers, starts


@test("a program with calls, jumps, a table and an address that is taken: with and without PIE")
def _():
    if not shutil.which("gcc"):
        skip("gcc")
    path = os.path.join(temp_dir(), "calls")
    for options in (["-fpie", "-pie"], ["-fno-pie", "-no-pie"], ["-fpie", "-pie", "-O3"]):
        result = run("gcc", "-O2", *options, "-o", path, "-x", "c", "-", stdin=PROGRAM)
        equal(result.code, 0)
        places = function_addresses(path)
        names = {places[name]: name for name in NAMED}
        callers, _ = make_callers(path, names)
        for name, owners in OWNERS.items():
            found = {names[start] for start in callers.named(places[name])}
            equal((name, options, found), (name, options, owners))


class Disassembly:
    """What objdump says of a file: calls {start: {start of the caller}}; taken {start}."""

    def __init__(self, path, starts):
        self.calls, self.taken, caller, known = {}, set(), None, frozenset(starts)
        for line in run("objdump", "-d", "--no-show-raw-insn", path, limit=100).out.split("\n"):
            match = INSTRUCTION.match(line)
            if not match:
                continue
            address = int(match.group(1), 16)
            caller = address if address in known else caller
            call = CALL.match(match.group(2))
            if call:
                self.calls.setdefault(int(call.group(1), 16), set()).add(caller)
            else:
                self.taken.update(int(word, 16) for word in ADDRESS.findall(match.group(2)))

    def named(self, function, named):
        """As Callers.named; None if the address of a function on the way is taken."""
        found, seen, todo = set(), {function}, [function]
        while todo:
            at = todo.pop()
            if at in self.taken:
                return None
            for caller in self.calls.get(at, set()) - seen:
                seen.add(caller)
                if caller in named:
                    found.add(caller)
                else:
                    todo.append(caller)
        return found


@test("CPython itself: no caller is missed, by objdump")
def _():
    if not shutil.which("objdump"):
        skip("objdump")
    paths = {}  # one file that is mapped at its own addresses, and another one
    for python in pythons.found():
        for path in (os.path.realpath(python.path), python.file):
            elf = Elf(path)
            if elf.has_dynamic_name(b"_PyEval_") and len(elf.exported_functions()) > 1000:
                paths[elf.fixed] = path
    for path in paths.values():
        names = Elf(path).exported_functions()
        callers, starts = make_callers(path, names)
        exact = Disassembly(path, starts)
        judged, missed = 0, []
        for start in starts:
            found = callers.named(start) if start not in names else set()
            if found:
                judged += 1
                wanted = exact.named(start, names)
                if wanted is None or not wanted <= found:
                    missed.append((hex(start), found, wanted))
        note("%s: %d functions with owners" % (path, judged))
        check(judged > 100, path, judged)
        equal(missed, [])


@test("what several functions belong to")
def _():
    rows = ((set(), ""), ({"list.sort"}, "list.sort"), ({"PyObject_Repr"}, "PyObject_Repr"),
            ({"list.sort", "list.append"}, "list.*"), ({"list.sort", "dict.get"}, ""),
            ({"len", "min"}, ""), ({"PyObject_Repr", "list.sort"}, ""),
            ({"re.Pattern.sub", "re.Pattern.subn"}, "re.Pattern.*"),
            ({"slot.__add__", "slot.__sub__"}, ""),
            ({"re.Pattern.sub", "re.Match.end", "re.compile"}, "re.*"), ({"a.b.c", "ab.c"}, ""))
    for labels, wanted in rows:
        equal(common_owner(labels), wanted)


main()
