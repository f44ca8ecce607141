"""The agent's modules outside gdb; those that read Python's own structures are in agent_python.py."""

import ctypes
import os

from agent_modules import load
from tap import check, equal, main, temp_dir, test

memory = load("memory")
markers = load("markers")
procfs = load("procfs")
files = load("files")
perf_map = load("perf_map")
gil = load("gil")
jit = load("jit")


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


@test("who waits for the GIL, holds it, collects garbage")
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
        equal(gil.doing(locks, threads), wanted)
    equal(gil.doing([lock(0xa)], [((0xa,), 0), ((), 0)]), ["", ""], "nobody waits")


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
