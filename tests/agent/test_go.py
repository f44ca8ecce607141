"""Go's table of functions: its formats, and real programs beside other readers of the same data."""

import os
import random
import re
import shutil
import struct
import sys
import time
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "harness")]
from agent_modules import load  # noqa: E402
import go_image  # noqa: E402
from tap import check, equal, main, run, skip, temp_dir, test  # noqa: E402

elf, cfi, go_table, memory = load("elf"), load("cfi"), load("go_table"), load("memory")
go_stacks, unwinder = load("go_stacks"), load("unwinder")
TEXT, END = go_image.TEXT, go_image.TEXT + go_image.CODE_SIZE
PLACES = [TEXT + sum(row[1] for row in go_image.FUNCTIONS[:at])
          for at in range(len(go_image.FUNCTIONS))]
(GOEXIT, MAIN, SYSTEMSTACK, _, CGOCALLBACK, SYSTEMSTACK_SWITCH, STOPLOCKEDM, MCALL,
 NANOTIME1) = PLACES
ERRORS = (memory.BadRead, OSError, struct.error)
SOURCE = """
package main

type list []int

func (l list) sum() (n int) {
	for _, item := range l {
		n += twice(item)
	}
	return
}

func twice(n int) int { return n + n }

func main() {
	println(list(make([]int, 5)).sum())
}
"""
BUILDS = (("a program", (), True), ("without symbols", ("-ldflags=-s -w",), False),
          ("position-independent", ("-buildmode=pie",), True),
          ("by the C linker", ("-buildmode=pie", "-ldflags=-linkmode=external"), True))


CACHE = {}  # "folder": of all builds


def table_of(data):
    return go_table.GoTable(elf.Elf(data))


def all_functions(table):
    return [table._at(index) for index in range(len(table._starts))]


def built(*options):
    """The path of a Go program."""
    if shutil.which("go") is None:
        skip("go is missing")
    folder = CACHE.setdefault("folder", temp_dir())
    source, path = os.path.join(folder, "main.go"), os.path.join(temp_dir(), "program")
    with open(source, "w") as file:
        file.write(SOURCE)
    env = {"GO111MODULE": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "", "HOME": folder,
           "GOCACHE": os.path.join(folder, "cache")}
    result = run("go", "build", *options, "-o", path, source, env=env, limit=300)
    equal(result.code, 0, result)
    return path


@test("each format: names, ends, lines, inlined calls, frames")
def _():
    for version in go_image.VERSIONS:
        table = table_of(go_image.elf_file(version))
        functions = all_functions(table)
        equal([(f.name, f.start, f.end) for f in functions],
              [(row[0], place, place + row[1]) for row, place in zip(go_image.FUNCTIONS, PLACES)],
              version)
        inlines = version not in ("1.2", "1.16")
        for at, wanted in ((0, [("runtime.goexit", 9)]), (33, [("main.main", 20)]),
                           (50, [("main.add", 7), ("main.main", 21)]), (95, [("main.main", 21)])):
            if at == 50 and not inlines:
                equal(table.lines(TEXT + at), [("main.main", "", 0)], version)
            else:
                wanted = [(name, go_image.FILE, line) for name, line in wanted]
                equal(table.lines(TEXT + at), wanted, "%s: %d" % (version, at))
        equal((table.lines(TEXT - 1), table.lines(END)), ([], []), version)
        frames = [table.function(TEXT + at).rule(TEXT + at) for at in (0, 33, 40, 90, 100, 130)]
        check(frames[0] is cfi.OUTERMOST and frames[4] is go_table.FRAMELESS_SWITCH
              and frames[5] is go_table.RULES["signal"], "rules", version)
        equal([(rule.base, rule.offset, rule.saved_fp) for rule in frames[1:4]],
              [(cfi.SP, 8, None), (cfi.SP, 48, -16), (cfi.SP, 8, None)], version)
        # The kernel pushes its address as a return address: the byte before it belongs to it.
        equal(table.function(TEXT + 127).name, "runtime.sigreturn", version)


@test("damaged tables of each format: no exception, no endless loop")
def _():
    chance = random.Random(1)
    for version in go_image.VERSIONS:
        size = len(go_image.Image(version).build())

        def damage(table):
            for _ in range(chance.choice((1, 3, 30))):
                at = chance.choice((chance.randrange(8, 80), chance.randrange(size - 4)))
                table[at:at + 4] = chance.choice((b"\xff" * 4, b"\0" * 4, b"\x80" * 4,
                                                  chance.getrandbits(32).to_bytes(4, "little")))
        for _ in range(300):
            data = go_image.elf_file(version, damage)
            read_all(data)
            read_all(data[:chance.randrange(0x2000, len(data))])


def read_all(data):
    """Reads everything of a file that may be damaged."""
    begun = time.monotonic()
    try:
        table = table_of(data)
    except ERRORS:
        return
    for address in range(TEXT - 2, END + 2, 5):
        function = table.function(address)
        if function is not None:
            check(function.start <= address + 1 <= function.end, "another function")
            rule = function.rule(address)
            check(rule is None or isinstance(rule, cfi.Rule), "no rule", rule)
        for name, file, line in table.lines(address):
            check(max(len(name), len(file)) <= 4 * memory.TEXT_MAX and line >= 0, "line", line)
    check(time.monotonic() - begun < 5, "it takes long")


@test("a call that is inlined in itself, and a table of values without an end")
def _():
    def cycle(table):  # the call is at the place of the inlined code
        struct.pack_into("<I", table, 0x3000 + 8, 20)

    def endless(table):
        good = go_image.values([(0, 32)])[:-1]
        table[0x200:0x3000] = table[0x200:0x3000].replace(good, b"\x80\x80")
    table = table_of(go_image.elf_file("1.20", cycle))
    check(len(table.lines(TEXT + 50)) <= go_table.INLINED_MAX + 1, "a cycle")
    table_of(go_image.elf_file("1.20", endless)).lines(TEXT)


@test("a program of Go: names and frames as other readers of it find them, however it was linked")
def _():
    for what, options, has_symbols in BUILDS:
        if "external" in str(options) and shutil.which("gcc") is None:
            continue
        path = built(*options)
        table = table_of(path)
        functions = all_functions(table)
        check(None not in functions and len(functions) > 500, "functions", what)
        if has_symbols:
            check_names(path, functions)
            check_frames(path, table)
            if not options:  # addr2line finds no table in the others
                check_lines(path, table, functions)
            run("strip", path)
            stripped = table_of(path)
            equal([(f.start, f.name) for f in all_functions(stripped)],
                  [(f.start, f.name) for f in functions], what)
        else:
            check("main.main" in [f.name for f in functions], "no main.main", what)
        with open(path, "rb") as file:
            data = bytearray(file.read())
        data[40:48] = bytes(8)  # without a section table
        data[60:64] = bytes(4)
        equal([f.name for f in all_functions(table_of(bytes(data)))], [f.name for f in functions],
              what)


def plain(name):
    """A symbol's name without its ABI and the types of a generic function."""
    return re.sub(r"\[.*\]", "[...]", re.sub(r"\.abi\w+$", "", name))


def check_names(path, functions):
    """Each name is that of the symbol."""
    symbols = {}
    for line in run("go", "tool", "nm", path, limit=100).out.splitlines():
        found = re.match(r"\s*([0-9a-f]+) [tT] (.*)", line)
        if found:
            symbols.setdefault(int(found.group(1), 16), set()).add(plain(found.group(2)))
    for function in functions:
        check(function.name in symbols[function.start], "another name", function.name,
              symbols[function.start])


def check_frames(path, table):
    """The frames of functions without a switch are those of the debug information."""
    out = run("readelf", "--wide", "--debug-dump=frames-interp", path, limit=100).out
    rows, end, columns = 0, None, None
    for line in out.splitlines():
        words = re.sub(r"r\d+ \(\w+\)", "reg", line).split()
        if " FDE " in line:
            end, columns = int(line.rpartition("..")[2], 16), None
        elif " CIE " in line:
            end = None
        elif words[:1] == ["LOC"]:
            columns = words[1:]
        elif end and columns and re.match("[0-9a-f]{16} ", line) and int(words[0], 16) < end:
            address, row = int(words[0], 16), dict(zip(columns, words[1:]))
            function = table.function(address)
            if function is None or function.kind or row["CFA"] == "rsp+0":
                continue
            rule = function.rule(address)
            equal("rsp+%d" % rule.offset, row["CFA"], "%s: 0x%x" % (function.name, address))
            rows += 1
    check(rows > 3000, "rows", rows)


def check_lines(path, table, functions):
    """The innermost line of some addresses is that which go tool addr2line says."""
    chance = random.Random(2)
    addresses = [chance.randrange(f.start, f.end) for f in chance.sample(functions, 300)]
    out = run("go", "tool", "addr2line", path, limit=100,
              stdin="".join("0x%x\n" % address for address in addresses)).out.splitlines()
    same = 0
    for address, name, line in zip(addresses, out[::2], out[1::2]):
        lines = table.lines(address)
        if line.startswith("?"):
            continue
        equal(lines[-1][0], plain(name), hex(address))
        if lines[0][1]:
            equal("%s:%d" % lines[0][1:], line, hex(address))
            same += 1
    check(same > 200, "lines", same)


@test("a real file, cut off or with wrong bytes: no exception")
def _():
    path = built()
    with open(path, "rb") as file:
        good = file.read()
    table = table_of(good)
    offset = good.find(struct.pack("<I", 0xfffffff0) + b"\0\0\x01\x08")
    if offset < 0:
        skip("another version of the table")
    chance = random.Random(3)
    for round_ in range(40):
        data = bytearray(good)
        if round_ % 4 == 0:
            del data[chance.randrange(offset, len(data)):]
        for _ in range(2000):
            at = chance.randrange(offset + 64, len(good))
            if at < len(data):
                data[at] = chance.randrange(256)
        try:
            damaged = table_of(bytes(data))
        except ERRORS:
            continue
        for function in chance.sample(all_functions(table), 30):
            damaged.lines(function.start + 1)
            found = damaged.function(function.start)
            if found is not None:
                found.rule(function.start)


@test("a file that is not of Go has no such table")
def _():
    for path in ("/bin/true", sys.executable):
        try:
            table_of(path)
            check(False, "a table", path)
        except memory.BadRead:
            pass


class Stacks(memory.MemoryReader):
    """The memory of a thread of Go, and its code: the functions of the image of 1.20, at their own
    addresses."""
    THREAD, G0, M, G = 0x9000, 0x8800, 0x7000, 0x8000
    KNOWN = {THREAD - 8: G0, G0 + 48: M, M: G0, M + 0xc0: G}

    def __init__(self, *parts):
        """parts: [{address: word}]."""
        self.words = {}
        for part in parts:
            self.words.update(part)
        self.table = table_of(go_image.elf_file("1.20"))

    def read_some(self, address, size):
        if address < 0x1000:
            raise memory.BadRead("0x%x" % address)
        return b"".join(self.words.get(at, 0).to_bytes(8, "little")
                        for at in range(address, address + min(size, 1 << 16), 8))

    function_at = None

    @staticmethod
    def file_at(_address):
        return None

    def rule_at(self, address):
        function = self.table.function(address)
        return function.rule(address) if function is not None else None

    def is_code(self, address):
        return TEXT <= address < END

    @staticmethod
    def is_generated(_address):
        return False

    def check(self, what, wanted, pc, sp, fp, thread_id=THREAD):
        """Unwinds from these registers; wanted: the pcs, None: it needs more registers."""
        regs = SimpleNamespace(pc=pc, sp=sp, fp=fp, thread_id=thread_id)
        found = unwinder.Unwinder(self).unwind(self, regs)
        equal(found and tuple(frame.pc - TEXT for frame in found[0]),
              wanted and tuple(pc - TEXT for pc in wanted), what)


def goroutine(sp, fp, m=Stacks.M, pc=0):
    """The words of a goroutine that has left its stack there."""
    at = Stacks.G
    return {at + 48: m, at + 56: sp, at + 64: pc, at + 72: at, at + 104: fp}


def main_frame(at):
    """main.main below a return address at `at`, called by goexit: its frame pointer is at + 40."""
    return {at: MAIN + 28, at + 40: 0x11000, at + 48: GOEXIT + 1}


@test("a stack that goes on where the goroutine left its own, and one that may not")
def _():
    thread, own = 0x20000, 0x10000  # systemstack's frame; the end of the goroutine's stack
    frame = main_frame(own)
    pcs = (SYSTEMSTACK + 4, MAIN + 28, GOEXIT + 1)
    for what, parts, wanted in (
            ("the goroutine is known", (goroutine(own, own + 40),), pcs),
            ("it is not: without the caller", (), pcs[:1] + pcs[2:]),
            ("it is on another stack", (goroutine(0x30000, own + 40),), pcs[:1] + pcs[2:]),
            ("it has moved", (goroutine(0x50000, 0x50028), main_frame(0x50000)), pcs),
            ("as asmcgocall stores it", ({thread + 8: 0x5000, 0x5008: 0x40000,
                                          thread: 0x40000 - own},), pcs),
            ("as it did before Go 1.20", ({thread + 48: 0x5000, 0x5008: 0x40000,
                                           thread + 40: 0x40000 - own},), pcs),
            ("it was on the thread's stack", ({thread: own},), pcs)):
        stacks = Stacks(frame, Stacks.KNOWN, *parts)
        stacks.check(what, wanted, pcs[0], thread, own + 40)
    stacks.check("a thread that sleeps has to be stopped", None, pcs[0], thread, None, 0)
    stacks = Stacks(frame)
    stacks.check("no fs base", pcs[:1], pcs[0], thread, own + 40, 0)


@test("a stack that leads back to itself ends")
def _():
    own = 0x10000
    cycle = {own: MAIN + 28, own + 40: own + 40, own + 48: SYSTEMSTACK + 4}
    stacks = Stacks(cycle, Stacks.KNOWN, goroutine(own, own + 40))
    turns = (SYSTEMSTACK + 4, MAIN + 28) * (go_stacks.CHANGES_MAX + 1)
    stacks.check("a cycle", turns[:-1], SYSTEMSTACK + 4, own + 56, own + 40)


@test("the clock: with the frame pointer, and with the stack pointer in its register")
def _():
    thread, own = 0x20000, 0x10000
    pcs = (NANOTIME1 + 4, MAIN + 28, GOEXIT + 1)
    words = main_frame(own)
    for what, fp, frame in (("since 1.17", own - 8, {own - 8: own + 40}),
                            ("before", own - 16, {own - 8: own + 40})):
        Stacks(words, frame).check(what, pcs, pcs[0], thread, fp)


@test("C calls Go: the stack goes on below, on the stack of the thread")
def _():
    own, first, second = 0x10000, 0x20000, 0x21000  # the goroutine's; calls back, on the thread's
    g0 = {Stacks.G0 + 56: first}
    pcs = (CGOCALLBACK + 8, MAIN + 28)
    back = {own + 24: SYSTEMSTACK_SWITCH, first: second, first + 16: 0x12000, first + 24: MAIN + 28}
    frame = first + 32  # of main.main, which stands for C: 48 bytes
    back.update({frame + 40: CGOCALLBACK + 8, frame + 32: 0x13000})
    outer = frame + 48  # of cgocallback on a goroutine's stack, the second time
    back.update({outer + 24: SYSTEMSTACK_SWITCH, second + 16: 0x14000, second + 24: GOEXIT + 1})
    Stacks(Stacks.KNOWN, g0, back).check("two calls", pcs + (CGOCALLBACK + 8, GOEXIT + 1), pcs[0],
                                         own, 0x15000)
    back[own + 24] = MAIN + 28  # it has not left the thread's stack yet
    back.update({own + 32 + 40: GOEXIT + 1})
    Stacks(Stacks.KNOWN, g0, back).check("before the change", pcs + (GOEXIT + 1,), pcs[0], own,
                                         0x15000)


@test("a thread that waits for its own goroutine shows it; others have left theirs")
def _():
    thread, own = 0x20000, 0x10000
    waits = {thread + 16: MCALL + 4}
    pcs = (STOPLOCKEDM + 4, MCALL + 4, MAIN + 28, GOEXIT + 1)
    words = main_frame(own)
    its_own = goroutine(own + 8, own + 40, 0, MAIN + 28)
    for what, parts, wanted in (
            ("it is found", (its_own,), pcs), ("it is not", (), pcs[:2]),
            ("a running one", (goroutine(own + 8, own + 40, Stacks.M, MAIN + 28),), pcs[:2])):
        stacks = Stacks(words, waits, Stacks.KNOWN, *parts)
        stacks.check(what, wanted, pcs[0], thread, 0x15000)
    Stacks(words, waits, Stacks.KNOWN, its_own).check("an idle thread", (MCALL + 4,), MCALL + 4,
                                                      thread, None, 0)


main()
