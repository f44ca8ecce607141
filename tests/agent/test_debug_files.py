"""Debug files, outside gdb: where they are searched for, which ones are refused."""

import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent_modules import load  # noqa: E402
from debug_builds import Build, tool, xz_bomb, xz_number, xz_with_index  # noqa: E402
from tap import check, equal, main, skip, temp_dir, test  # noqa: E402

debug_files = load("debug_files")
elf = load("elf")
memory = load("memory")
target_files = load("target_files")


def place(path, source=None):
    """Makes the folder of a path; copies a file there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if source:
        tool("cp", source, path)
    return path


def content(path):
    with open(path, "rb") as file:
        return file.read()


def find(files, mapped, path="/app/program"):
    """The bytes of the debug file that is found, None if there is none."""
    file = files.find(elf.Elf(mapped), path)
    if file is None:
        return None
    found = content(file.local)
    file.close()
    return found


@test("each place of a debug file, here and below another root")
def _():
    folder = temp_dir()
    build = Build(folder)
    linked = folder + "/linked"
    build.linked(linked)
    wanted, plain = content(build.debug), build.stripped
    for where, mapped in (("usr/lib/debug/" + build.build_id_path, plain),
                          ("app/program.debug", linked), ("app/.debug/program.debug", linked),
                          ("usr/lib/debug/app/program.debug", linked)):
        root = temp_dir()
        place(os.path.join(root, where), build.debug)
        equal(find(debug_files.DebugFiles([], root), mapped), wanted, where)
        equal(find(debug_files.DebugFiles([]), mapped), None, "not below the root")
        here = debug_files.DebugFiles([root + "/usr/lib/debug"])
        equal(find(here, mapped, root + "/app/program" if "usr" not in where else "/app/program"),
              wanted, where + ", here")


@test("debuginfod's cache: the folder that its client uses, and no empty file of a failed search")
def _():
    rows = (({b"DEBUGINFOD_CACHE_PATH": "/a", b"XDG_CACHE_HOME": "/b", b"HOME": "/c"}, "/a"),
            ({b"XDG_CACHE_HOME": "/b", b"HOME": "/c"}, "/b/debuginfod_client"),
            ({b"HOME": "/c"}, "/c/.cache/debuginfod_client"),
            ({b"DEBUGINFOD_CACHE_PATH": "", b"HOME": "/c"}, "/c/.cache/debuginfod_client"),
            ({b"XDG_CACHE_HOME": "relative"}, ""), ({}, ""))
    for row, wanted in rows:
        equal(debug_files.cache_folder(row), wanted, row)
    folder, root = temp_dir(), temp_dir()
    build = Build(folder)
    real = debug_files._environment
    try:
        debug_files._environment = lambda pid: {b"HOME": "/root"} if pid == 7 else {}
        files = debug_files.DebugFiles([], root, 7)
        path = "%s/root/.cache/debuginfod_client/%s/debuginfo" % (root, build.build_id)
        place(path)
        open(path, "w", encoding="ascii").close()
        equal(find(files, build.stripped), None, "an empty file")
        place(path, build.debug)
        equal(find(files, build.stripped), content(build.debug))
        equal(find(debug_files.DebugFiles([], root, 8), build.stripped), None, "another process")
    finally:
        debug_files._environment = real


@test("a debug file of another build is refused: build ID, CRC, both")
def _():
    folder, other_folder = temp_dir(), temp_dir()
    build, other = Build(folder), Build(other_folder, "other")
    check(build.build_id != other.build_id, "the two builds are the same")
    root = temp_dir()
    files = debug_files.DebugFiles([], root)
    by_id = place("%s/usr/lib/debug/%s" % (root, build.build_id_path), other.debug)
    equal(find(files, build.stripped), None, "another build ID")
    os.unlink(by_id)
    linked = folder + "/linked"
    build.linked(linked)
    beside = place(root + "/app/program.debug", other.debug)
    equal(find(files, linked), None, "another CRC and build ID")
    with open(place(beside, build.debug), "ab") as file:
        file.write(b"\0")
    equal(find(files, linked), None, "another CRC")
    build.linked(linked, other.debug)
    place(beside, other.debug)
    equal(find(files, linked), None, "the CRC, but another build ID")
    bare = Build(temp_dir(), options=("-Wl,--build-id=none",))
    equal(bare.build_id, "")
    linked = bare.folder + "/linked"
    bare.linked(linked)
    place(beside, bare.debug)
    equal(find(files, linked), content(bare.debug), "without a build ID the CRC decides")
    place(beside, build.debug)
    equal(find(files, linked), None, "without a build ID, another CRC")


@test("a file without more than the mapped one is no debug file: the file itself, a link to it")
def _():
    build = Build(temp_dir())
    root = temp_dir()
    files = debug_files.DebugFiles([], root)
    path = place("%s/usr/lib/debug/%s" % (root, build.build_id_path), build.stripped)
    equal(find(files, build.stripped), None)
    place(path, build.debug)
    equal(find(files, build.program), None, "it has debug information itself")
    symbols = build.folder + "/symbols.debug"
    with open(symbols, "wb") as file:
        file.write(build.symbols())
    place(path, symbols)
    equal(find(files, build.stripped), build.symbols(), "symbols only")


@test("symbolic links: inside the root they are followed, none leads out, cycles end")
def _():
    build = Build(temp_dir())
    top = temp_dir()
    root = top + "/root"
    os.makedirs(root)
    files = debug_files.DebugFiles([], root)
    path = place("%s/usr/lib/debug/%s" % (root, build.build_id_path))
    place(root + "/store/x.debug", build.debug)
    place(top + "/secret/x.debug", build.debug)
    place(top + "/store/y.debug", build.debug)
    rows = (("/store/x.debug", True), ("../../../../../store/x.debug", True),
            ("../../../../../../../../store/x.debug", True),  # "/.." is "/"
            (top + "/secret/x.debug", False), ("../" * 9 + top + "/secret/x.debug", False),
            ("../" * 9 + "store/y.debug", False), (path, False), (path[len(root):], False),
            ("/store", False), ("/proc/self/root" + top + "/secret/x.debug", False))
    for goal, wanted in rows:
        os.symlink(goal, path)
        equal(find(files, build.stripped) is not None, wanted, goal)
        os.unlink(path)
    os.symlink("/store", root + "/place")
    os.symlink("../place/x.debug", root + "/store/link")
    os.symlink("/place/link", path)
    check(find(files, build.stripped) is not None, "a link in a folder that is a link")
    os.unlink(path)
    for number in range(target_files.LINKS_MAX + 1):
        os.symlink("/%d" % (number + 1), root + "/%d" % number)
    os.symlink("/store/x.debug", "%s/%d" % (root, target_files.LINKS_MAX + 1))
    os.symlink("/0", path)
    equal(find(files, build.stripped), None, "too many links")
    before = os.listdir("/proc/self/fd")
    find(files, build.stripped)
    equal(os.listdir("/proc/self/fd"), before, "descriptors")


@test("what is no regular file, no ELF file or too long is refused at once")
def _():
    build = Build(temp_dir())
    root = temp_dir()
    files = debug_files.DebugFiles([], root)
    path = place("%s/usr/lib/debug/%s" % (root, build.build_id_path))

    def refused(what):
        begun = time.monotonic()
        equal(find(files, build.stripped), None, what)
        check(time.monotonic() - begun < 2, what)
    os.mkfifo(path)
    refused("a pipe")
    os.unlink(path)
    os.mkdir(path)
    refused("a folder")
    os.rmdir(path)
    debug = content(build.debug)
    for what, data in (("empty", b""), ("text", b"x" * 500), ("cut", debug[:64]),
                       ("cut", debug[:len(debug) // 2])):
        with open(path, "wb") as file:
            file.write(data)
        refused(what)
    for size in (debug_files.SIZE_MAX + 1, (1 << 32) + 1):
        tool("cp", build.debug, path)
        check(find(files, build.stripped) is not None)
        os.truncate(path, size)
        refused("%d bytes" % size)
    # Section tables of 65,535 rows of 65,535 bytes, and of 2^60 rows.
    for size, count, in_table in ((65535, 65535, 0), (64, 0, 1 << 60)):
        head = bytearray(debug)
        struct.pack_into("<Q", head, 40, 4096)
        struct.pack_into("<HH", head, 58, size, count)
        struct.pack_into("<Q", head, 4096 + 32, in_table)
        with open(path, "wb") as file:
            file.write(head)
        os.truncate(path, 1 << 32)
        refused("a long section table")


@test("the link's name is a file name; its section may be malformed")
def _():
    build = Build(temp_dir())
    crc = struct.pack("<I", 7)
    rows = ((b"a.debug\0" + crc, ("a.debug", 7)), (b"abc\0" + crc, ("abc", 7)),
            (b"abcd\0\0\0\0" + crc, ("abcd", 7)), (b"\xff.debug\0" + crc[:0] + crc, None),
            (b"", ("", 0)), (b"\0\0\0\0" + crc, ("", 0)), (b"abc", ("", 0)), (b"abc\0" + crc[:3],
            ("", 0)), (b".\0\0\0" + crc, ("", 0)), (b"..\0\0" + crc, ("", 0)),
            (b"../etc/x\0\0\0\0" + crc, ("", 0)), (b"/etc/passwd\0" + crc, ("", 0)))
    for data, wanted in rows:
        path = build.folder + "/odd"
        build.with_section(path, ".gnu_debuglink", data or b"\0")
        found = debug_files.debug_link(elf.Elf(path))
        equal(found[1] if wanted is None else found, 7 if wanted is None else wanted, data)
    build.with_section(path, ".gnu_debuglink", b"a" * (debug_files.LINK_MAX + 1))
    try:
        debug_files.debug_link(elf.Elf(path))
        raise AssertionError("a long section is read")
    except memory.BadRead:
        pass


def unpacked(path):
    """The bytes of the ELF file in .gnu_debugdata, None if it is refused."""
    file = debug_files.open_unpacked(elf.Elf(path))
    if file is None:
        return None
    found = content(file.local)
    file.close()
    return found


@test("MiniDebugInfo is unpacked")
def _():
    if not target_files.CAN_COPY:
        skip("this Python is too old for files in memory")
    build = Build(temp_dir())
    path = build.folder + "/mini"
    build.mini(path)
    equal(unpacked(path), build.symbols())
    check(not debug_files.has_bomb(elf.Elf(path)))
    equal(unpacked(build.stripped), None)
    check(not debug_files.has_bomb(elf.Elf(build.stripped)))


@test("MiniDebugInfo that lies: bombs, sizes and counts of the index, cut and random data")
def _():
    build = Build(temp_dir())
    path, symbols = build.folder + "/mini", build.symbols()
    # Real limits would make real bombs, which take a minute to pack.
    debug_files.PACKED_MAX, debug_files.UNPACKED_MAX = 1 << 20, 1 << 24
    size, most = len(symbols), debug_files.UNPACKED_MAX
    good = xz_with_index(symbols, [size])
    equal(debug_files.unpacked_size(good), size, "what xz_with_index makes")
    for what, packed, bomb in (
            ("a bomb", xz_bomb(symbols, 3 * most), True),
            ("64 GiB in the index", xz_with_index(symbols, [1 << 36]), True),
            ("2^62 bytes", xz_with_index(symbols, [1 << 62]), True),
            ("a sum that is too large", xz_with_index(symbols, [most, 1]), True),
            ("2^58 blocks", xz_with_index(symbols, [size], 1 << 58), True),
            ("the largest number", xz_with_index(symbols, [size], (1 << 63) - 1), True),
            ("fewer blocks than it says", xz_with_index(symbols, [size], 2), False),
            ("cut", good[:-1], False), ("a part", good[:100], False), ("none", b"YZ", False),
            ("zeros", b"\0" * 100 + b"YZ", False), ("text", b"x" * 5000, False),
            ("no ELF file", xz_with_index(b"text", [4]), False),
            ("the stripped file", xz_with_index(content(build.stripped),
                                                [len(content(build.stripped))]), False)):
        build.mini(path, packed)
        begun = time.monotonic()
        equal(unpacked(path), None, what)
        equal(debug_files.has_bomb(elf.Elf(path)), bomb, what)
        check(time.monotonic() - begun < 2, what)
    build.mini(path, b"\0" * (debug_files.PACKED_MAX + 1))
    check(debug_files.has_bomb(elf.Elf(path)) and unpacked(path) is None, "a long section")


@test("a .gnu_debugdata that only another reader of ELF finds counts as a bomb")
def _():
    build = Build(temp_dir())
    path = build.folder + "/mini"
    build.mini(path, xz_with_index(build.symbols(), [1 << 36]))
    head = bytearray(content(path))
    at, = struct.unpack_from("<Q", head, 40)
    count, names = struct.unpack_from("<HH", head, 60)
    # elf(5): in section 0, sh_size is the number of sections and sh_link the index of their names,
    # if the header says 0 and SHN_XINDEX.
    struct.pack_into("<HH", head, 60, 0, 0xffff)
    struct.pack_into("<Q", head, at + 32, count)
    struct.pack_into("<I", head, at + 40, names)
    with open(path, "wb") as file:
        file.write(head)
    check(debug_files.has_bomb(elf.Elf(path)), "extended numbers of sections")


@test("numbers of xz")
def _():
    for value in (0, 1, 127, 128, 300, (1 << 63) - 1):
        data = xz_number(value)
        equal(debug_files._number(data, 0), (value, len(data)))


main()
