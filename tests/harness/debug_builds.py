"""A stripped program and its debug files, as packagers make them: a separate file, a link to it,
MiniDebugInfo; and xz data that lie."""

import lzma
import os
import random
import re
import struct
import subprocess
import zlib

from tap import run, skip

PROGRAM = r"""
#include <stdio.h>
static __attribute__((noinline)) void innermost(volatile long *counter) { for (;;) (*counter)++; }
static __attribute__((noinline)) void middle(void)
{
	static volatile long counter;
	innermost(&counter);
}
int main(void)
{
	printf("ready 1\n");
	fflush(stdout);
	middle();
	return 0;
}
"""
NAMES = ["main", "middle", "innermost"]


class Build:
    """The files of one program in a folder: program (with DWARF), stripped, debug (separate)."""

    def __init__(self, folder, seed="", options=()):
        """seed: text in the build ID, so that two builds have different ones."""
        self.folder = folder
        self.program, self.stripped, self.debug = (
            os.path.join(folder, name) for name in ("program", "stripped", "program.debug"))
        source = os.path.join(folder, "program.c")
        with open(source, "w", encoding="ascii") as file:
            file.write(PROGRAM + 'const char seed[] = "%s";\n' % seed)
        tool("gcc", "-g", "-O1", "-o", self.program, source, *options)
        tool("objcopy", "--only-keep-debug", self.program, self.debug)
        tool("strip", "-o", self.stripped, self.program)
        notes = run("readelf", "-n", self.program, binary=True).out.decode(errors="replace")
        found = re.search(r"Build ID: ([0-9a-f]+)", notes)
        self.build_id = found.group(1) if found else ""

    @property
    def build_id_path(self):
        """The path of the debug file below a folder of debug files."""
        return ".build-id/%s/%s.debug" % (self.build_id[:2], self.build_id[2:])

    def linked(self, path, debug=None):
        """Writes the stripped program with the name and the CRC of a debug file."""
        tool("objcopy", "--add-gnu-debuglink=" + (debug or self.debug), self.stripped, path)

    def symbols(self):
        """The bytes of an ELF file that has the symbol table of the program only."""
        path = os.path.join(self.folder, "symbols")
        tool("objcopy", "--strip-debug", self.debug, path)
        with open(path, "rb") as file:
            return file.read()

    def mini(self, path, packed=None):
        """Writes the stripped program with MiniDebugInfo, or with these bytes in its place."""
        self.with_section(path, ".gnu_debugdata",
                          lzma.compress(self.symbols()) if packed is None else packed)

    def with_section(self, path, name, data):
        """Writes the stripped program with one more section."""
        content = os.path.join(self.folder, "section")
        with open(content, "wb") as file:
            file.write(data)
        tool("objcopy", "--add-section", "%s=%s" % (name, content), self.stripped, path)


def scramble(path, section, skipped=0):
    """Overwrites a section of a file with fixed random bytes, but for the first ones."""
    table = run("readelf", "-SW", path, binary=True).out.decode(errors="replace")
    row = re.search(r"\] %s +PROGBITS +\S+ (\S+) (\S+)" % re.escape(section), table)
    start, size = int(row.group(1), 16), int(row.group(2), 16)
    rand = random.Random(1)
    with open(path, "r+b") as file:
        file.seek(start + skipped)
        file.write(bytes(rand.randrange(256) for _ in range(size - skipped)))


def tool(*argv):
    """Runs a tool of binutils or the compiler; skips the test if it is missing."""
    try:
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except FileNotFoundError:
        skip(argv[0] + " is missing")


def xz_number(value):
    """A number as xz writes it: 7 bits a byte."""
    data = b""
    while value >= 128:
        data, value = data + bytes([value & 127 | 128]), value >> 7
    return data + bytes([value])


def xz_with_index(data, sizes, count=None):
    """xz data whose index says that its blocks unpack to `sizes` bytes, and that it has `count` of
    them; its one block holds `data`."""
    real = lzma.compress(data, check=lzma.CHECK_CRC32)
    length = (struct.unpack_from("<I", real, len(real) - 8)[0] + 1) * 4
    block = real[12:-12 - length]
    index = b"\0" + xz_number(len(sizes) if count is None else count)
    index += b"".join(xz_number(len(block)) + xz_number(size) for size in sizes)
    index += b"\0" * (-len(index) % 4)
    index += struct.pack("<I", zlib.crc32(index))
    tail = struct.pack("<I", len(index) // 4 - 1) + b"\0\1"
    return real[:12] + block + index + struct.pack("<I", zlib.crc32(tail)) + tail + b"YZ"


def xz_bomb(data, size):
    """xz data of `data` and `size` zero bytes, in small pieces."""
    packer = lzma.LZMACompressor(check=lzma.CHECK_CRC32, preset=0)
    pieces = [packer.compress(data)]
    for _ in range(size >> 24):
        pieces.append(packer.compress(b"\0" * (1 << 24)))
    return b"".join(pieces + [packer.flush()])
