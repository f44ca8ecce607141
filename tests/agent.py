"""The agent's modules outside gdb: what they compute is compared with what Python itself says."""

import ast
import ctypes
import glob
import importlib.util
import os
import subprocess
import sys
import types

from tap import ROOT, check, equal, main, skip, temp_dir, test


class FakeGdb(types.ModuleType):
    """As much of gdb's module as the agent's modules touch when they are loaded."""
    error = RuntimeError
    MemoryError = MemoryError

    @staticmethod
    def _execute_unwinders(_frame):
        return None


class FakeUnwinder(types.ModuleType):
    Unwinder = object
    register_unwinder = None


def load(name):
    spec = importlib.util.spec_from_file_location(
        "pmp_" + name, os.path.join(ROOT, "gdbscripts", name + ".py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["pmp_" + name] = module
    spec.loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
sys.modules["gdb"] = FakeGdb("gdb")
sys.modules["gdb.unwinder"] = FakeUnwinder("gdb.unwinder")
memory = load("memory")
layouts = load("layouts")
markers = load("markers")
py_code = load("py_code")
procfs = load("procfs")
files = load("files")
perf_map = load("perf_map")
jit = load("jit")

HERE = sys.version_info[:2]


class OwnMemory:
    """This process's own memory, read as the agent reads a target's."""

    def read(self, addr, size):
        return ctypes.string_at(addr, size)


def needs_layout():
    if HERE not in layouts.LAYOUTS:
        skip("no layout for the Python %d.%d that runs the tests" % HERE)
    return layouts.LAYOUTS[HERE]


def code_objects(code):
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from code_objects(const)


def library_code():
    folder = os.path.dirname(os.__file__)
    for path in sorted(glob.glob(folder + "/*.py"))[:60]:
        with open(path, "rb") as file:
            yield from code_objects(compile(file.read(), path, "exec"))


@test("lines of the standard library's instructions are those that Python gives")
def _():
    if not (3, 11) <= HERE:
        skip("the Python that runs the tests has no location tables (3.11)")
    count = 0
    for code in library_code():
        for start, end, line in code.co_lines():
            for offset in {start, end - 2}:
                got = py_code.location_line(code.co_linetable, code.co_firstlineno, offset)
                equal(got, line or 0, "%s offset %d" % (code, offset))
                count += 1
    check(count > 10000, count)


@test("a function's lines may go far up and down")
def _():
    if not (3, 11) <= HERE:
        skip("the Python that runs the tests has no location tables (3.11)")
    text = "def f(x):\n" + "\n" * 3000 + " y = (x +\n" + "\n" * 500 + "  x)\n" + "\n" * 70000 + " return y\n"
    code = compile(text, "x", "exec").co_consts[0]
    for start, _, line in code.co_lines():
        equal(py_code.location_line(code.co_linetable, code.co_firstlineno, start), line or 0)


@test("a broken location table ends, with some line")
def _():
    for table in (b"", b"\xff", b"\x80", b"\xf0\xff\xff", bytes(range(256)), b"\xee" * 50, b"\x7f" * 9):
        for offset in (0, 2, 1 << 40):
            check(isinstance(py_code.location_line(table, 1, offset), int))


@test("names and paths in every kind of string are read")
def _():
    layout = needs_layout()
    for text in ("", "plain", "naïve_λ", "Latin ÿ", "関数", "emoji 🐍", "x" * 1024):
        equal(py_code.read_text(OwnMemory(), layout, id(text)), text)
    long = "y" * 5000
    equal(py_code.read_text(OwnMemory(), layout, id(long)), "y" * 1024 + "...")


@test("what is no string is refused")
def _():
    layout = needs_layout()
    for thing in (b"bytes", ["list"], 12345678901234567890):
        try:
            py_code.read_text(OwnMemory(), layout, id(thing))
        except memory.BadRead:
            continue
        check(False, "%r was taken for a string" % (thing,))


@test("a code object's name, file and first line are read, once")
def _():
    cache = py_code.CodeCache(needs_layout())
    for code in list(library_code())[:500]:
        read = cache.get(OwnMemory(), id(code))
        equal((read.name, read.file, read.first_line),
              (code.co_qualname, code.co_filename, code.co_firstlineno))
        check(cache.get(OwnMemory(), id(code)) is read)


@test("the layouts are those of the headers that are installed")
def _():
    folder, checked = temp_dir(), []
    found = glob.glob("/usr/include/python3.*") + glob.glob(
        os.path.expanduser("~/.pyenv/versions/*/include/python3.*"))
    for include in found:
        version = tuple(int(n) for n in os.path.basename(include)[6:].rstrip("mdut").split("."))
        if version not in layouts.LAYOUTS or not os.path.exists(include + "/internal/pycore_frame.h"):
            continue
        program = os.path.join(folder, "probe")
        subprocess.run([os.environ.get("CC", "cc"), "-I" + include, "-o", program,
                        os.path.join(ROOT, "gdbscripts", "layout_probe.c")], check=True, timeout=60)
        row = subprocess.run([program], check=True, timeout=10, capture_output=True, text=True).stdout
        equal(ast.literal_eval("{%s}" % row)[version], layouts.LAYOUTS[version], include)
        checked.append(include)
    if not checked:
        skip("no Python headers of a version with a layout (python3-dev)")


@test("a marker's values cannot end it or add a pair")
def _():
    equal(markers.marker("note", text="a b=c\n~pmp end %é"),
          "~pmp note text=a%20b=c%0A~pmp%20end%20%25%C3%A9")


@test("a name cannot pass for a line of its own")
def _():
    equal(markers.one_line("a\n#0  0x1 in f ()\x1b[2J"), "a\\x0a#0  0x1 in f ()\\x1b[2J")


@test("threads are read from /proc, whatever their names are")
def _():
    libc = ctypes.CDLL(None)
    old = open("/proc/self/comm", "rb").read().rstrip(b"\n")
    for name in (b"plain", b"a) R (b", b'x"):', b"\xff\xfe"):
        libc.prctl(15, name, 0, 0, 0)
        equal(procfs.thread(os.getpid(), os.getpid()).name, name.decode("utf-8", "backslashreplace"))
        equal(procfs.thread(os.getpid(), os.getpid()).state, "R")
    libc.prctl(15, old, 0, 0, 0)
    check(procfs.thread(os.getpid(), 1 << 30) is None)


@test("a line of a perf map, and what is none")
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


@test("a perf map that grows, is written anew, or is somebody else's")
def _():
    folder = temp_dir()
    os.mkdir(folder + "/tmp")
    codes = perf_map.PerfMap(os.getpid(), folder)
    path = folder + codes.path

    def write(mode, text):
        with open(path, mode) as file:
            file.write(text)
    check(not codes.follow(), "there is none yet")
    write("wb", b"1000 10 a\n2000 10 b\n3000 1")
    check(codes.follow())
    equal([codes.find(pc) and codes.find(pc).name for pc in (0xfff, 0x1000, 0x100f, 0x1010, 0x2001, 0x3000)],
          [None, "a", "a", None, "b", None])
    check(not codes.follow(), "nothing new")
    write("ab", b"0 c\n2000 8 d\n")
    check(codes.follow())
    equal([codes.find(pc) and codes.find(pc).name for pc in (0x3000, 0x2001, 0x2009)], ["c", "d", None])
    os.unlink(path)
    write("wb", b"1000 10 e\n")
    check(codes.follow())
    equal((codes.find(0x1000).name, codes.find(0x3000)), ("e", None))
    os.unlink(path)
    os.mkfifo(path)
    check(not codes.follow(), "a pipe is read")
    os.unlink(path)
    os.symlink("/proc/self/maps", path)
    check(not codes.follow(), "a link is followed")
    os.unlink(path)
    os.rename(folder + "/tmp", folder + "/real")
    os.symlink("real", folder + "/tmp")
    write("wb", b"1000 10 f\n")
    check(not codes.follow(), "a folder's link is followed")
    os.unlink(folder + "/tmp")
    os.rename(folder + "/real", folder + "/tmp")
    if os.getuid() == 0:
        os.chown(path, 12345, -1)
        check(not codes.follow(), "another user's file is read")


@test("where a frame's return address is: code that leaves it, and code that begins one")
def _():
    for code, wanted in (
            ("c3", (0, None)), ("5dc3", (8, 0)), ("4883c408c3", (8, None)),
            ("4881c400010000c3", (256, None)), ("4883c4085b5d415cc3", (32, 16)),
            ("90c3", None), ("c9c3", None), ("4883c4", None), ("5cc3", None), ("4883c4f8c3", None), ("", None)):
        equal(jit.tail(bytes.fromhex(code)), wanted, code)
    for code, offset, wanted in (
            ("554889e5", 0, 0), ("554889e5", 1, 8), ("554889e5", 4, None), ("f30f1efa554889e5", 4, 0),
            ("f30f1efa554889e5", 5, 8), ("55488bec", 1, 8), ("5590", 1, None)):
        equal(jit.prologue(bytes.fromhex(code), offset), wanted, code)


main()
