"""Builds ELF files with Go's table of functions, in the format of any version, for tests.

One segment, at BASE, has the code (zeros), the table and moduledata. The program: `runtime.goexit`
calls `main.main`, which has inlined `main.add` and calls `runtime.systemstack`.
"""
import struct

BASE, TEXT = 0x400000, 0x401000
TABLE = 0x402000
SIZE = 0x8000
MODULE = TABLE + 0x4000
GOFUNC = TABLE + 0x3000
NONE = 0xffffffff
# Name -> (magic, words of the header before the places, bytes of an address, offsets in moduledata
# of text and gofunc). "1.26" and "1.27" have the start of the code only in moduledata.
VERSIONS = {"1.2": (0xfffffffb, 0, 8, 0, 0), "1.16": (0xfffffffa, 2, 8, 0, 0),
            "1.18": (0xfffffff0, 3, 4, 176, 304), "1.20": (0xfffffff1, 3, 4, 176, 320),
            "1.26": (0xfffffff1, 3, 4, 176, 320), "1.27": (0xfffffff1, 3, 4, 176, 344)}
# Name, size, [(bytes of the frame, bytes of code)], [(line, bytes)], [(inlined call, bytes)], flag.
FUNCTIONS = (("runtime.goexit", 32, [(0, 32)], [(9, 32)], [], 1),
             ("main.main", 64, [(0, 4), (40, 52), (0, 8)], [(20, 16), (7, 16), (21, 32)],
              [(-1, 16), (0, 16), (-1, 32)], 0),
             ("runtime.systemstack", 32, [(0, 32)], [(5, 32)], [], 2),
             ("runtime.sigreturn", 32, [(0, 32)], [(6, 32)], [], 0),
             ("runtime.cgocallback", 32, [(24, 32)], [(8, 32)], [], 0),
             ("runtime.systemstack_switch", 32, [(0, 32)], [(9, 32)], [], 0),
             ("runtime.stoplockedm", 32, [(16, 32)], [(10, 32)], [], 0),
             ("runtime.mcall", 32, [(0, 32)], [(11, 32)], [], 2),
             ("runtime.nanotime1", 32, [(16, 32)], [(12, 32)], [], 2))
CODE_SIZE = sum(row[1] for row in FUNCTIONS)
INLINED = "main.add"  # at line 7, called at byte 40 of main.main, which is line 21
FILE = "/go/src/main.go"


def values(rows):
    """A table of values by pc."""
    data, before = b"", -1
    for value, size in rows:
        change = value - before
        data += leb128(change * 2 if change >= 0 else -change * 2 - 1) + leb128(size)
        before = value
    return data + b"\0"


def leb128(number):
    data = b""
    while number >= 0x80:
        data, number = data + bytes([number & 0x7f | 0x80]), number >> 7
    return data + bytes([number])


class Image:
    """The parts of the table: `data` from TABLE on."""

    def __init__(self, version):
        self.magic, self.words, self.width, self.text_at, self.gofunc_at = VERSIONS[version]
        self.version = version
        self.data = bytearray(0x3000)
        self.at = 0x200  # the next free place; the functions' table is before, in 1.2
        self.places = {}

    def add(self, data):
        """The offset of new data in the table."""
        place = self.at
        self.data[place:place + len(data)] = data
        self.at += len(data) + 7 & ~7
        return place

    def start(self, part):
        """A new part: its places are relative to it, in 1.2 to the table."""
        self.at = self.at + 63 & ~63
        self.places[part] = self.at if self.words else 0
        self.add(b"\0")  # offset 0 is none

    def relative(self, part, data):
        return self.add(data) - self.places[part]

    def build(self):
        """The bytes of the table."""
        count = len(FUNCTIONS)
        self.start("names")
        names = {row[0]: self.relative("names", row[0].encode() + b"\0")
                 for row in FUNCTIONS + ((INLINED,),)}
        self.start("files")
        file = self.relative("files", FILE.encode() + b"\0")
        units = self.add(struct.pack("<2I", NONE, file)) if self.words else 0
        listed = self.add(struct.pack("<3I", 3, 0, file))  # the files of 1.2: index 2
        self.start("values")
        tables = [[self.relative("values", values(rows)) if rows else 0
                   for rows in (row[2], [(1 if self.words else 2, row[1])], row[3], row[4])]
                  for row in FUNCTIONS]
        self.at = self.at + 63 & ~63
        first = self.at if self.words else 16
        self.at += (2 * count + 2) * self.width if self.words else 0
        code = "<I" if self.width == 4 else "<Q"
        position = 0 if self.width == 4 else TEXT
        for index, row in enumerate(FUNCTIONS):
            record = self.add(self.record(position, names[row[0]], tables[index], row[5]))
            place = first + 2 * index * self.width
            struct.pack_into(code, self.data, place, position)
            struct.pack_into(code, self.data, place + self.width,
                             record - (first if self.words else 0))
            position += row[1]
        struct.pack_into(code, self.data, first + 2 * count * self.width, position)
        if not self.words:
            struct.pack_into("<I", self.data, first + 2 * count * 8 + 8, listed)
        self.header(count, units, first)
        return bytes(self.data) + self.inline_tree(names[INLINED])

    def record(self, entry, name, tables, flag):
        """struct _func with tables of inlined calls: 3 of values and 4 of data."""
        entry = struct.pack("<I" if self.width == 4 else "<Q", entry)
        depths, files, lines, calls = tables
        middle = struct.pack("<iiIIIIII", name, 0, 0, depths, files, lines, 3, 0)
        if self.version == "1.2":
            middle = middle[:-4]
        if self.magic == 0xfffffff1:
            middle += struct.pack("<I", 1)
        data = struct.pack("<4I", NONE, NONE, NONE, 0)
        return (entry + middle + bytes([0, flag if self.width == 4 else 0, 0, 4])
                + struct.pack("<3I", 0, 0, calls) + data)

    def header(self, count, units, first):
        self.data[:8] = struct.pack("<I", self.magic) + b"\0\0\x01\x08"
        words = [count]
        if self.words:
            words.append(1)
            if self.words == 3:
                words.append(0 if self.version in ("1.26", "1.27") else TEXT)
            words += [self.places["names"], units, self.places["files"], self.places["values"],
                      first]
        struct.pack_into("<%dQ" % len(words), self.data, 8, *words)

    def inline_tree(self, name):
        if self.magic == 0xfffffff1:
            return struct.pack("<4I", 0, name, 40, 3)
        return struct.pack("<5I", NONE & 0xffff, 0, 0, name, 40)

    def module(self):
        """moduledata: its first word is the address of the table."""
        words = [0] * 64
        words[0] = TABLE
        for at, value in ((self.text_at, TEXT), (self.text_at + 8, TEXT + CODE_SIZE + 16),
                          (self.gofunc_at, GOFUNC), (self.gofunc_at + 8, GOFUNC + 0x800)):
            words[at // 8] = value
        return struct.pack("<64Q", *words)


def elf_file(version, change=None):
    """The bytes of a file. change(bytearray of the table): damages it."""
    image = Image(version)
    table = bytearray(image.build())
    if change is not None:
        change(table)
    data = bytearray(SIZE)
    data[:64] = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, TEXT, 64, 0, 0, 64, 56,
                            1, 0, 0, 0)
    data[64:120] = struct.pack("<IIQQQQQQ", 1, 7, 0, BASE, BASE, SIZE, SIZE, 4096)
    data[TABLE - BASE:TABLE - BASE + len(table)] = table
    module = image.module() if image.text_at else b""
    data[MODULE - BASE:MODULE - BASE + len(module)] = module
    return bytes(data)
