"""The agent's modules outside gdb, except those that read CPython (test_agent_python.py)."""

import ctypes
import os
import queue
import random
import re
import shutil
import struct
import sys
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent_modules import load, load_agent  # noqa: E402
from tap import PYTHON, check, equal, main, run, skip, temp_dir, test  # noqa: E402

all_registers = load("all_registers")
cfi = load("cfi")
elf = load("elf")
function_starts, guessed_frames = load("function_starts"), load("guessed_frames")
memory = load("memory")
symbolizer = load("symbolizer")
markers = load("markers")
procfs = load("procfs")
unwinder = load("unwinder")
target_files = load("target_files")
perf_map = load("perf_map")
gil = load("gil")
shared_libraries = load("shared_libraries")


@test("a marker's values cannot end it or add a pair")
def _():
    equal(markers.marker("note", text="a b=c\n~pmp end %é"),
          "~pmp note text=a%20b=c%0A~pmp%20end%20%25%C3%A9")


@test("a name cannot pass for a line of its own")
def _():
    equal(markers.one_line("a\n#0  0x1 in f ()\x1b[2J"), "a\\x0a#0  0x1 in f ()\\x1b[2J")


@test("threads are read from /proc, with any name")
def _():
    libc = ctypes.CDLL(None)
    old = open("/proc/self/comm", "rb").read().rstrip(b"\n")
    for name in (b"plain", b"a) R (b", b'x"):', b"\xff\xfe"):
        libc.prctl(15, name, 0, 0, 0)
        stat = procfs.thread_stat(os.getpid(), os.getpid())
        equal((stat.name, stat.state), (name.decode("utf-8", "backslashreplace"), "R"))
    libc.prctl(15, old, 0, 0, 0)
    check(procfs.thread_stat(os.getpid(), 1 << 30) is None)


@test("the threads that wait for the GIL, hold it, collect garbage")
def _():
    def lock(holder, locked=True, collecting=False):
        made = gil.Gil()
        made.addr, made.end = 0x1000, 0x1100
        made.holder, made.locked, made.collecting = holder, locked, collecting
        return made
    threads = [((0xa,), 0), ((0xb, 0xc), 0x1008), ((0xd,), 0x2000)]
    for locks, wanted in (
            ([lock(0xa)], [gil.HOLDS, gil.WAITS, ""]),
            ([lock(0xa, locked=False)], ["", gil.WAITS, ""]),
            ([lock(0xa, collecting=True)], [gil.COLLECTS, gil.WAITS, ""]),
            ([lock(0xd, collecting=True)], ["", gil.WAITS, gil.COLLECTS]),
            ([lock(0xc)], ["", gil.WAITS, ""]),
            ([], ["", "", ""])):
        equal(gil.activities([thread + (locks,) for thread in threads]), wanted)
    locks = [lock(0xa)]
    equal(gil.activities([((0xa,), 0, locks), ((), 0, locks)]), ["", ""], "no thread waits")


@test("the GIL changes hands between the moments at which threads are read")
def _():
    def lock(holder, locked=True, addr=0x1000):
        made = gil.Gil()
        made.addr, made.end = addr, addr + 0x100
        made.holder, made.locked, made.collecting = holder, locked, False
        return made
    for what, threads, wanted in (
            ("each held it when it was read", [(0xa, 0, [lock(0xa)]), (0xb, 0, [lock(0xb)])],
             ["", ""]),
            ("and another one waited", [(0xa, 0, [lock(0xa)]), (0xb, 0, [lock(0xb)]),
                                        (0xc, 0x1008, [lock(0xa)])],
             [gil.HOLDS, gil.HOLDS, gil.WAITS]),
            ("it held it before, and waits now", [(0xa, 0x1008, [lock(0xa, False)]),
                                                  (0xb, 0, [lock(0xb)])],
             [gil.WAITS, gil.HOLDS]),
            ("two interpreters with a GIL each", [(0xa, 0, [lock(0xa), lock(0xb, True, 0x3000)]),
                                                  (0xb, 0, [lock(0xa), lock(0xb, True, 0x3000)]),
                                                  (0xc, 0x3010, [lock(0xb, True, 0x3000)])],
             ["", gil.HOLDS, gil.WAITS])):
        equal(gil.activities([((state,), word, locks) for state, word, locks in threads]), wanted,
              what)


@test("a line of a perf map, and malformed lines")
def _():
    def row(line):
        code = perf_map.parse_line(line)
        return code and (code.start, code.end, code.name)
    equal(row(b"7f00a0 10 JS:*fib /srv/x y.js:1"), (0x7f00a0, 0x7f00b0, "JS:*fib /srv/x y.js:1"))
    equal(row(b"0x10 0x4 f"), (0x10, 0x14, "f"))
    equal(row(b"10 4 \xff"), (0x10, 0x14, "\\xff"))
    for line in (b"", b"10", b"10 4", b"10 4 ", b"x 4 f", b"10 -4 f", b"0 4 f", b"10 0 f",
                 b"ffffffffffffffff 1 f", b"-10 4 f"):
        equal(row(line), None, line)
    equal(len(row(b"10 4 " + b"y" * 5000)[2]), memory.TEXT_MAX)


@test("a perf map that grows, is replaced, or belongs to another user")
def _():
    folder = temp_dir()
    os.mkdir(folder + "/tmp")
    codes = perf_map.PerfMap(os.getpid(), folder)
    path = folder + codes.path

    def names(*pcs):
        return [codes.find(pc) and codes.find(pc).name for pc in pcs]

    def write(mode, text):
        with open(path, mode) as file:
            file.write(text)
    check(not codes.update(), "there is no file yet")
    write("wb", b"1000 10 a\n2000 10 b\n3000 1")
    check(codes.update())
    equal(names(0xfff, 0x1000, 0x100f, 0x1010, 0x2001, 0x3000), [None, "a", "a", None, "b", None])
    check(not codes.update(), "nothing new")
    write("ab", b"0 c\n2000 8 d\n")
    check(codes.update())
    equal(names(0x3000, 0x2001, 0x2009), ["c", "d", None])
    os.unlink(path)
    write("wb", b"1000 10 e\n")
    check(codes.update())
    equal((codes.find(0x1000).name, codes.find(0x3000)), ("e", None))
    os.unlink(path)
    os.mkfifo(path)
    check(not codes.update(), "a pipe is read")
    os.unlink(path)
    os.symlink("/proc/self/maps", path)
    check(not codes.update(), "a link is followed")
    os.unlink(path)
    os.rename(folder + "/tmp", folder + "/real")
    os.symlink("real", folder + "/tmp")
    write("wb", b"1000 10 f\n")
    check(not codes.update(), "a folder's link is followed")
    os.unlink(folder + "/tmp")
    os.rename(folder + "/real", folder + "/tmp")
    if os.getuid() == 0:
        os.chown(path, 12345, -1)
        check(not codes.update(), "another user's file is read")


@test("the predicted libraries of a program are those of its dynamic linker (ldd)")
def _():
    for program in (PYTHON, shutil.which("gdb"), "/bin/ls"):
        if not program or not shutil.which("ldd"):
            skip("gdb and ldd are missing")
        found = shared_libraries.of_program(program, {})
        expected = re.findall(r"/[^ ()]+(?= \(0x)", run("ldd", program).out)
        equal(sorted(found), sorted(os.path.realpath(path) for path in expected), program)


@test("the return address of a frame of generated code: in an epilogue, in a prologue")
def _():
    for code, wanted in (
            ("c3", (0, None)), ("5dc3", (8, 0)), ("4883c408c3", (8, None)),
            ("4881c400010000c3", (256, None)), ("4883c4085b5d415cc3", (32, 16)),
            ("90c3", None), ("c9c3", None), ("4883c4", None), ("5cc3", None),
            ("4883c4f8c3", None), ("", None)):
        equal(guessed_frames.epilogue(bytes.fromhex(code)), wanted, code)
    for code, wanted in (
            ("", (0, 0, None, False)), ("55", (1, 8, 8, False)), ("554889e5", (4, 8, 8, True)),
            ("f30f1efa", (4, 0, None, False)), ("f30f1efa55", (5, 8, 8, False)),
            ("55488bec", (4, 8, 8, True)), ("5590", (1, 8, 8, False)), ("90", (0, 0, None, False)),
            ("41574156415541544989fc55534883ec18", (17, 72, 40, False)),
            ("4157554889e5", (6, 16, 16, True)), ("4889e5", (3, 0, None, False)),
            ("550fb6c74889e590", (7, 8, 8, True)), ("550fa24889e5", (1, 8, 8, True)),
            ("554889e54881ec001000004883ec10", (11, 4104, 8, True)),
            ("4883ec80", (0, 0, None, False)), ("4883ec", (0, 0, None, False)),
            ("49b8c3f5285c8fc2f5284883ec38", (14, 56, None, False)),
            ("48b8c3f5285c8fc2f5284889fa5548c1ea0348f7e24889e55348", (25, 16, 8, True)),
            ("4c8d54240855", (6, 8, 8, False)), ("4983ec10", (4, 0, None, False)),
            ("4889ec", (0, 0, None, False)), ("4829c4", (0, 0, None, False)),  # rsp changes
            ("4883e4f0", (0, 0, None, False)), ("488d6424f0", (0, 0, None, False))):
        begin = guessed_frames.Prologue(bytes.fromhex(code))
        equal((begin.size, begin.depth, begin.fp_at, begin.sets_fp), wanted, code)


def readelf_rules(path):
    """Yields (address, readelf's (CFA, rbp, ra)) of each row of the file's call frame
    information."""
    out = run("readelf", "--wide", "--debug-dump=frames-interp", path, limit=60).out
    end = columns = None
    for line in out.splitlines():
        line = re.sub(r"r\d+ \(\w+\)", "reg", line)
        words = line.split()
        if " FDE " in line:
            end, columns = int(line.rpartition("..")[2], 16), None
        elif " CIE " in line:
            end = None
        elif words[:1] == ["LOC"]:
            columns = words[1:]
        elif end and columns and re.match("[0-9a-f]{16} ", line) and int(words[0], 16) < end:
            row = dict(zip(columns, words[1:]))
            yield int(words[0], 16), (row["CFA"], row.get("rbp", "u"), row.get("ra", "c-8"))


def readelf_text(rule):
    """A cfi.Rule in the form of readelf_rules, with "u" for an rbp that is still in its
    register."""
    if rule is cfi.OUTERMOST:
        return "outermost"
    if rule.signal:
        return ("exp",) * 3
    if rule is cfi.FULL:
        return "all registers"
    return ("%s+%d" % ("rbp" if rule.base == cfi.FP else "rsp", rule.offset),
            "u" if rule.saved_fp is None else "c%+d" % rule.saved_fp, "c-8")


def expected_text(row):
    """The readelf_text that is expected for a row of readelf."""
    cfa, fp, ra = row
    if ra == "u":
        return "outermost"
    if row == ("exp",) * 3:
        return row
    if cfa == "exp":
        return "a table"
    good = re.match(r"r[sb]p\+\d+\Z", cfa) and re.match(r"(u|s|c[-+]\d+)\Z", fp) and ra == "c-8"
    return (cfa, fp.replace("s", "u"), ra) if good else "all registers"


@test("the rules of call frame information are those of readelf")
def _():
    if not shutil.which("readelf"):
        skip("no readelf")
    files = {line.split()[-1] for line in open("/proc/self/maps") if "r-xp" in line and "/" in line}
    rows = 0
    for path in sorted(files):
        file = elf.Elf(path)
        table = cfi.FrameTable(file.read, *file.frame_header)
        for address, row in readelf_rules(path):
            rule = table.function(address).rule(address)
            wanted = expected_text(row)
            if wanted == "a table" and rule is not cfi.FULL:
                wanted = "rsp+16" if address % 16 >= 11 else "rsp+8", "u", "c-8"
            elif wanted == "a table":
                wanted = "all registers"
            equal(rule and readelf_text(rule), wanted, "%s: 0x%x" % (path, address))
            rows += 1
    check(rows > 20000, "rows", rows)


def compiled_without_tables(*options):
    """The path of a program whose call frame information is in .debug_frame."""
    path = os.path.join(temp_dir(), "program")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness", "programs",
                          "no_tables.c")
    if shutil.which("cc") is None or shutil.which("readelf") is None:
        skip("no cc or readelf")
    equal(run("cc", "-O2", "-fno-asynchronous-unwind-tables", *options, "-o", path, source,
              limit=100).code, 0)
    return path


@test("the rules of .debug_frame in all versions, packed too, and of .eh_frame without an index")
def _():
    for options in (("-g", "-gdwarf-2"), ("-g", "-gdwarf-3"), ("-g", "-gdwarf-5"),
                    ("-g", "-gz=zlib"), ("-g", "-gz=zlib-gnu"), ("-g0", "-funwind-tables")):
        path = compiled_without_tables(*options)
        name = ".debug_frame" if "-g" in options else ".eh_frame"
        file = elf.Elf(path)
        data = file.unpacked_section(name, 1 << 20)
        table = cfi.FrameSection(data, file.section(name), name == ".debug_frame")
        functions = {start for start, end in file.function_ranges().items() if end > start}
        found = [row for row in readelf_rules(path) if table.function(row[0]) is not None]
        check(len(functions & set(table.starts())) >= 10, "functions", options, table.starts())
        check(len(found) > 30, "rows", options, len(found))
        if name == ".eh_frame":
            found = [row for row in found if row[1][0] != "exp"]
        for address, row in found:
            rule = table.function(address).rule(address)
            if name == ".eh_frame" or address in functions:
                equal(readelf_text(rule), expected_text(row), "%s: 0x%x" % (options, address))
    for limit in 0, 100:
        try:
            file.unpacked_section(name, limit)
            check(False, "a limit of %d" % limit)
        except memory.BadRead:
            pass


@test("a packed section: its limit, and what is no such section")
def _():
    path = compiled_without_tables("-g", "-gz=zlib")
    file = elf.Elf(path)
    whole = file.unpacked_section(".debug_frame", 1 << 20)
    equal(file.unpacked_section(".debug_frame", len(whole)), whole)
    equal(file.unpacked_section(".debug_none", 100), b"")
    at = file._sections()[[row[0] for row in file._sections()].index(b".debug_frame")][3]
    packed = bytearray(open(path, "rb").read())
    for change, value in ((0, 2), (30, packed[at + 30] ^ 255)):  # another method; other bytes
        other = bytearray(packed)
        other[at + change] = value
        try:
            check(elf.Elf(bytes(other)).unpacked_section(".debug_frame", 1 << 20) != whole, change)
        except memory.BadRead:
            pass
    try:
        file.unpacked_section(".debug_frame", len(whole) - 1)
        check(False, "a limit")
    except memory.BadRead:
        pass


@test("corrupt sections of frames: no exception but BadRead")
def _():
    file = elf.Elf(compiled_without_tables("-g"))
    data = file.unpacked_section(".debug_frame", 1 << 20)
    chance = random.Random(1)
    for _ in range(300):
        other = bytearray(data)
        for _ in range(chance.randrange(1, 20)):
            other[chance.randrange(len(other))] = chance.randrange(256)
        table = cfi.FrameSection(bytes(other), 0, bool(chance.randrange(2)))
        for start in table.starts():
            function = table.function(start)
            if function is not None:
                function.rule(start + 5)
                function.row(start + 5)


@test("DWARF expressions")
def _():
    registers = {7: 0x1000, 6: 0x2000, 16: 0x401b}
    words = {0x1008: 0x3000, 0x2fd8: 77}
    for code, wanted in (
            ("7708", 0x1008), ("770806", 0x3000), ("77080623f8ff03", 0x12ff8), ("7658", 0x1fd8),
            ("77088000 3f1a3b2a332422", 0x1010), ("08ff", 255), ("09ff", (1 << 64) - 1),
            ("0a0102", 0x201), ("0c01000000", 1), ("31321c", (1 << 64) - 1), ("35321c", 3),
            ("313222", 3), ("3513 32", 2), ("3132 16 1c", 1), ("3132 14 22 22", 4), ("3512 22", 10),
            ("96", None), ("", None), ("22", None), ("7f00", "unknown"), ("ff", None),
            ("7006", "unknown"), ("0a01", None), ("7700 06", None)):
        def word(address):
            if address not in words:
                raise memory.BadRead("0x%x" % address)
            return words[address]
        try:
            got = all_registers.evaluate(bytes.fromhex(code), registers, word)
        except KeyError:
            got = "unknown"
        except memory.BadRead:
            got = None
        equal(got, wanted, code)
    equal(all_registers.evaluate(bytes.fromhex("2308"), {}, None, (5,)), 13)


@test("corrupt call frame information: no exception")
def _():
    path = os.path.realpath(PYTHON)
    file = elf.Elf(path)
    good = {}

    def read(address, size):
        data = bytearray(file.read(address, size))
        if good and data:  # the header is kept
            for at in range(chance.randrange(7), len(data), 7):
                data[at] = chance.randrange(256)
        return bytes(data)
    chance = random.Random(1)
    table = cfi.FrameTable(read, *file.frame_header)
    good["header"] = True
    starts = table.starts()[::20]
    check(len(starts) > 100, "functions", len(starts))
    for start in starts:
        function = table.function(start)
        if function is not None:
            function.rule(start + 5)


@test("a C++ function without its parameters")
def _():
    for name, wanted in (
            ("f", "f"), ("f(int)", "f"), ("a::b(int (*)(char)) const", "a::b"),
            ("main::{lambda(int)#1}::operator()(int) const", "main::{lambda(int)#1}::operator()"),
            ("(anonymous namespace)::f()", "(anonymous namespace)::f"),
            ("operator()", "operator()"), ("A::operator()(int)", "A::operator()"),
            ("f(int) [clone .cold]", "f"), ("A::f() &&", "A::f"),
            ("core::call_once<fn(), ()>", "core::call_once<fn(), ()>"), ("(x)", "(x)"), (")", ")")):
        equal(symbolizer.without_parameters(name), wanted, name)


@test("where a stack ends: generated code, addresses in no code, no frame pointer")
def _():
    for what, pc, words, wanted in (
            ("a return address of 0", 0x4001, (0x4005, 0x2000, 0x5005, 0x3000, 0),
             (0x4001, 0x4005, 0x5005)),
            ("a number", 0x4001, (0x4005, 0, 0x3ff0000000000000), (0x4001, 0x4005)),
            ("a pc in no code", 0x3001, (0x4005, 0), (0x3001, 0x4005)),
            ("generated code", 0x7001, (0, 0, 0x1028, 0x7777, 0, 0, 0x4005, 0, 0),
             (0x7001, 0x7777, 0x4005)),
            ("a frame pointer that is searched for", 0x7001,
             (5, 0x1028, 0x7777, 1, 0, 0, 0x4005, 0, 0), (0x7001, 0x7777, 0x4005)),
            ("no frame pointer is left", 0x7001, (1, 0x1010, 3, 4, 0), (0x7001,)),
            ("code without rules, with a frame pointer", 0x6001, (0, 0, 0, 0x4005, 0, 0),
             (0x6001, 0x4005)),
            ("code without rules or a frame pointer", 0x6001, (7, 0, 0x3005, 0x4006, 0x4005, 0, 0),
             (0x6001, 0x4005)),
            ("code without rules and generated code", 0x6001, (0, 0, 0, 0x7777, 0, 0),
             (0x6001, 0x7777))):
        stack = memory_of(0x1000, words)
        regs = registers_at(pc, 0x1000, 0x1010 if pc > 0x6000 else 0)
        frames, _ = unwinder.Unwinder(stack).unwind(stack, regs)
        equal(tuple(frame.pc for frame in frames), wanted, what)


class Assembly(memory.MemoryReader):
    """Code without rules from 0x4000 on, with a function at each 0x100, and a stack."""

    def __init__(self, code, words):
        """code: {address: its bytes in hexadecimal}."""
        self.code = bytearray(b"\x90" * 0x1000)
        for at, text in code.items():
            data = bytes.fromhex(text)
            self.code[at - 0x4000:at - 0x4000 + len(data)] = data
        self.stack = b"".join(word.to_bytes(8, "little") for word in words)

    function_at = None

    def read_some(self, address, size):
        for start, data in (0x4000, self.code), (0x1000, self.stack):
            if start <= address < start + len(data):
                return bytes(data[address - start:address - start + size])
        raise memory.BadRead("0x%x" % address)

    def file_at(self, address):
        return SimpleNamespace(bias=0, read=self.read_some) if self.is_code(address) else None

    @staticmethod
    def is_code(address):
        return 0x4000 <= address < 0x5000

    @staticmethod
    def is_generated(_address):
        return False

    @staticmethod
    def rule_at(_address):
        return None

    @staticmethod
    def function_start(address):
        return address & ~0xff


def call(at, target):
    """{address: code} of a call that ends at `at`."""
    return {at - 5: "e8" + struct.pack("<i", target - at).hex()}


@test("the caller of a function without rules: by its code, by who calls it, in a table of jumps")
def _():
    calls = {0x4303: "ffd0", **call(0x4405, 0x4100)}  # return addresses 0x4305, 0x4405
    for what, code, pc, words, wanted in (
            ("a known depth", {0x4100: "534883ec10"}, 0x4120, (0, 0x4305, 0, 0x4405), 0x4405),
            ("in the prologue", {0x4100: "53554883ec10"}, 0x4102, (0x1018, 0x4305, 0x4405), 0x4405),
            ("a direct call", {0x4100: "0fa2"}, 0x4120, (0x4305, 0, 0x4405), 0x4405),
            ("an indirect call", {0x4100: "0fa2"}, 0x4120, (0, 5, 0x4305, 0x4505), 0x4305),
            ("a call of another function", {0x4100: "0fa2"}, 0x4620, (5, 0x4405), 0x4405),
            ("a function that jumps to this one",
             {**call(0x4705, 0x4800), 0x4800: "31c0e9" + struct.pack("<i", -0x607).hex()},
             0x4220, (0x4405, 0x4705, 0x4305), 0x4705),
            ("the frame pointer", {0x4100: "554889e5"}, 0x4120, (0x4305, 0, 0, 0x4405), 0x4405),
            ("none is left", {0x4100: "0fa2"}, 0x4120, (1, 2, 3), None),
            ("at ret", {0x4120: "c3"}, 0x4120, (0x4010, 0x4305), 0x4010),
            ("an epilogue", {0x4120: "4883c4085bc3"}, 0x4120, (0x4305, 0, 0x4010), 0x4010),
            ("no return: not in code", {0x4120: "c3"}, 0x4120, (0x3010, 0x4405), 0x4405),
            ("push $N", {0x4120: "6801000000e900000000"}, 0x4120, (0x4010, 0x4305), 0x4010),
            ("push $N, executed", {0x4120: "6801000000e900000000"}, 0x4125, (1, 0x4010), 0x4010),
            ("push", {0x4120: "ff3500000000ff2500000000"}, 0x4126, (0, 1, 0x4010), 0x4010),
            ("bnd jmp", {0x4120: "f30f1efaf2ff25"}, 0x4120, (0x4010, 0x4305), 0x4010),
            ("a signal", {0x4120: "b80f0000000f05"}, 0x4120, [7] * 21 + [0x4010] + [0] * 9,
             0x4010)):
        scene = Assembly({**calls, **code}, words)
        frames, why = unwinder.Unwinder(scene).unwind(scene, registers_at(pc, 0x1000, 0x1010))
        equal(frames[1].pc if len(frames) > 1 else None, wanted, what)
        check(wanted or why, what)
    saved = Assembly({**calls, 0x4100: "41545553"}, (1, 0x2222, 3, 0x4405))
    found = guessed_frames.GuessedFrames(saved, lambda pc: None).caller(
        saved, SimpleNamespace(word=saved.pointer), unwinder.Frame(0x4120, 0x1000, False, False), 5)
    equal(found, (0x1020, 0x4405, 0x2222), "rbp was only saved")


@test("where functions begin, by the code alone")
def _():
    file = elf.Elf(compiled_without_tables("-g0"))
    truth = {start for start, end in file.function_ranges().items() if end > start}
    file.function_ranges = lambda: {}
    starts = function_starts.FunctionStarts(file)
    unknown = [start for start in truth if starts.start(start + 1) != start]
    check(len(truth) > 12 and len(unknown) <= 1, "all but _start", list(map(hex, unknown)))


@test("the executable mappings of memory")
def _():
    text = b"""1000-2000 r-xp 00000000 08:01 7    /usr/bin/x
2000-3000 rw-p 00000000 00:00 0
3000-4000 rwxp 00000000 00:00 0
4000-5000 r-xp 00000000 00:00 0    [anon:v8]
5000-6000 r-xs 00000000 00:01 9    /memfd:doublemapper (deleted)
7000-8000 r-xp 00000000 00:00 0    [vdso]
7800-8000 rwxp 00000000 00:00 0    [stack]
8000-9000 rw-p 00000000 08:01 7    /usr/bin/xx
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]
"""
    equal(procfs.generated_code(text), [(0x3000, 0x4000), (0x4000, 0x5000), (0x5000, 0x6000)])


@test("the futex word of a call that was restarted after a stop")
def _():
    registers, restarted_call = load("registers"), load("restarted_call")
    for what, call, rdi, rsi, r10, wanted in (
            ("a futex", 202, 0x7000, 0x189, 0, 0x7000), ("a wake", 202, 0x7000, 0x81, 0, 0),
            ("restarted", 219, 0x7000, 0x189, 0x8000, 0x7000),
            ("restarted, shared", 219, 0x7000, 0, 0x8000, 0x7000),
            ("no timeout", 219, 0x7000, 0, 0, 0), ("a sleep", 219, 0, 0, 0x8000, 0),
            ("not aligned", 219, 0x7001, 0, 0x8000, 0), ("poll", 219, 0x7000, 7, 0x8000, 0),
            ("another call", 35, 0x7000, 0, 0x8000, 0)):
        words = [0] * 27
        for at, value in ((registers.ORIG_RAX, call), (registers.RDI, rdi), (registers.RSI, rsi),
                          (registers.R10, r10)):
            words[at] = value
        found = registers.from_bytes(registers.WORDS.pack(*words))
        equal((found.futex_word, found.restart_timeout), (wanted, r10 if call == 219 else 0), what)
    minute = struct.pack("<qq", 60, 0)
    for code, time, wanted in (
            (b"\xb8\xca\0\0\0\x0f\x05", minute, True),
            (b"\xb8\x07\0\0\0\x90\x0f\x05", minute, False),
            (b"\x48\xc7\xc0\x23\0\0\0\x0f\x05", minute, False), (b"\x90\x0f\x05", minute, True),
            (b"\xb8\x07\0\0\0\x0f\x05\xc3\x0f\x05", minute, True), (b"\x90\x90", minute, True),
            (b"\x90\x0f\x05", struct.pack("<qq", 60, 10 ** 9), False),
            (b"\x90\x0f\x05", struct.pack("<qq", -1, 0), False)):
        reader = SimpleNamespace(read=lambda at, size, code=code, time=time:
                                 time if at == 0x8000 else code.rjust(size, b"\x90"))
        equal(restarted_call.may_be_futex(reader, 0x5000, 0x8000), wanted, code)


@test("threads that have not stopped in time: looked at again until none is left, by one timer")
def _():
    agent, events, left = load_agent(), queue.Queue(), [2]

    def settle():
        left[0] -= 1
        return left[0] < 0
    agent.gdb.post_event = events.put
    it = agent.Agent(True)
    it.stops = SimpleNamespace(settle=settle)
    it._settle()
    it._settle()  # another sample begins or ends
    equal(left, [0])
    events.get(timeout=20)()
    equal(left, [-1])
    try:
        check(events.get(timeout=0.1) is None, "a second timer")
    except queue.Empty:
        pass
    it._settle()
    check(events.empty() and not it.settling, "nothing is left to look at")


class memory_of(memory.MemoryReader):
    """A stack as memory, and the code: functions from 0x4000 to 0x6000, of which each below 0x4004
    uses 8 bytes, the others 16; then code without rules, then from 0x7000 on generated code."""

    def __init__(self, start, words):
        self.start, self.data = start, b"".join(word.to_bytes(8, "little") for word in words)

    def read_some(self, address, size):
        """In code: nothing but calls before 0x4005 and 0x5005."""
        if 0x3f00 <= address < 0x8000:
            code = bytearray(b"\x90" * 0x4100)
            code[0x103:0x105] = code[0x1103:0x1105] = b"\xff\xd0"  # call *%rax
            return bytes(code[address - 0x3f00:address - 0x3f00 + size])
        at = address - self.start
        if not 0 <= at < len(self.data):
            raise memory.BadRead("0x%x" % address)
        return self.data[at:at + size]

    function_at = None

    @staticmethod
    def rule_at(address):
        rule = cfi.Rule(cfi.SP, 8 if address < 0x4004 else 16, None)
        return rule if 0x4000 <= address < 0x6000 else None

    @staticmethod
    def function_start(_address):
        return 0

    @staticmethod
    def file_at(_address):
        return None

    @staticmethod
    def is_code(address):
        return 0x4000 <= address < 0x7000

    @staticmethod
    def is_generated(address):
        return 0x7000 <= address < 0x8000


def registers_at(pc, sp, fp=0):
    return load("registers").Registers(pc, sp, fp, 0, 0)


main()
