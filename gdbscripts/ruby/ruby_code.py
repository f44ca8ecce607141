"""Instruction sequences (rb_iseq_t): name, file and line table of a Ruby method or block, with a
cache.

Sources (3.0 to 3.4): vm_core.h (rb_iseq_struct, rb_iseq_constant_body, rb_iseq_location_t), iseq.h
(iseq_insn_info_entry), iseq.c (succ_index_table, succ_index_lookup), internal/imemo.h.
"""
import struct

from pmp_memory import BadRead, Memory, int_at, pointer_at
from pmp_ruby_text import (T_ARRAY, T_IMEMO, T_STRING, TYPE_MASK, array_item, first_line,
                           object_head, read_string)

IMEMO_SHIFT, IMEMO_MASK, IMEMO_ISEQ = 12, 0xf, 7  # the kind of a T_IMEMO in its flags
ENTRIES_MAX = 1 << 14  # of a line table; the rest of a longer one is not read
IMMEDIATE, PER_WORD, WORD_BITS = 54, 9, 7  # positions that are in the first words of the index
HEAD, BLOCK, BLOCK_BITS = 48, 80, 512  # bytes of the first words and of a block; bits of a block
LINES_MAX = 1 << 30


class RubyCode:
    """One method's or block's code. handler: the address of the code of its first instruction,
    which is inside the interpreter's loop."""
    __slots__ = ("name", "file", "first_line", "handler", "start", "_lines", "_index")
    more = {"language": "ruby"}  # more pairs of its `code` marker

    def __init__(self, name: str, file: str, first: int, lines: list = (), index: bytes = b"",
                 start: int = 0, handler: int = 0) -> None:
        """lines: of each entry of the line table; index: the bytes of its succ_index_table;
        start: the address of the instructions."""
        self.name, self.file, self.first_line = name, file, first
        self._lines, self._index, self.start, self.handler = lines, index, start, handler

    def line(self, offset: int) -> int:
        """The line of the instruction whose last word is at `offset`, in words; the first line if
        it is unknown. A negative offset means that no instruction has run yet."""
        at = _entry_at(self._index, offset) - 1 if self._index else 0
        known = offset >= 0 and 0 <= at < len(self._lines)
        line = self._lines[at] if known else 0
        return line if 0 < line < LINES_MAX else self.first_line


UNREADABLE = RubyCode("(a frame that cannot be read)", "?", 0)


def _entry_at(index: bytes, position: int) -> int:
    """How many entries of the line table begin at or before a position: succ_index_lookup."""
    try:
        if position < IMMEDIATE:
            word = pointer_at(index, position // PER_WORD * 8)
            return word >> position % PER_WORD * WORD_BITS & 0x7f
        position -= IMMEDIATE
        at = HEAD + position // BLOCK_BITS * BLOCK
        small, bit = divmod(position % BLOCK_BITS, 64)
        ranks = pointer_at(index, at + 8)
        before = ranks >> (small - 1) * 9 & 0x1ff if small else 0
        bits = pointer_at(index, at + 16 + 8 * small) & (2 << bit) - 1
        return int_at(index, at) + before + bin(bits).count("1")
    except struct.error:
        return 0


class RubyCodeCache:
    """Codes by address. Ruby reuses the address of a freed one, so each is compared with the memory
    once in each stop of the target."""

    LIMIT = 100000  # codes kept

    def __init__(self, layout: dict) -> None:
        self._layout = layout
        self._known = {}  # address -> (bytes that were compared, RubyCode)
        self._checked = {}  # address -> RubyCode: those that were compared in this stop
        self._size = layout["body.lines_index"] + 8

    def new_stop(self) -> None:
        """The target has run since the last `get`."""
        self._checked.clear()

    def get(self, memory: Memory, addr: int) -> RubyCode:
        """The code of the rb_iseq_t at an address. BadRead: there is none."""
        code = self._checked.get(addr)
        if code is None:
            code = self._checked[addr] = self._read_or_reuse(memory, addr)
        return code

    def _read_or_reuse(self, memory: Memory, addr: int) -> RubyCode:
        flags = pointer_at(object_head(memory, addr, T_IMEMO), 0)
        if flags >> IMEMO_SHIFT & IMEMO_MASK != IMEMO_ISEQ:
            raise BadRead("0x%x is no code" % addr)
        body = memory.pointer(addr + self._layout["iseq.body"])
        data = memory.read(body, self._size)
        known = self._known.get(addr)
        if known is not None and known[0] == data:
            return known[1]
        if len(self._known) >= self.LIMIT:
            self._known.clear()
        code = self._read(memory, data)
        self._known[addr] = data, code
        return code

    def _read(self, memory: Memory, data: bytes) -> RubyCode:
        layout = self._layout
        name = read_string(memory, layout, pointer_at(data, layout["body.label"]))
        file = self._path(memory, pointer_at(data, layout["body.path"]))
        first = first_line(data, layout["body.first_line"], layout["lines"])
        start = pointer_at(data, layout["body.encoded"])
        size, = struct.unpack_from("<I", data, layout["body.size"])
        count, = struct.unpack_from("<I", data, layout["body.lines_count"])
        if not 0 <= first < LINES_MAX or not 0 < count <= size:
            raise BadRead("odd code")
        entry, count = layout["line.size"], min(count, ENTRIES_MAX)
        table = memory.read(pointer_at(data, layout["body.lines"]), count * entry)
        index = b""
        if count > 1:
            blocks = max(0, size - IMMEDIATE + BLOCK_BITS - 1) // BLOCK_BITS
            index = memory.read_some(pointer_at(data, layout["body.lines_index"]),
                                     min(HEAD + blocks * BLOCK, 1 << 18))
        lines = [int_at(table, at) for at in range(0, count * entry, entry)]
        return RubyCode(name, file, first, lines, index, start, memory.pointer(start))

    def _path(self, memory: Memory, addr: int) -> str:
        """The path of a `pathobj`: a String, or an Array of the path and the real path."""
        kind = memory.read(addr, 1)[0] & TYPE_MASK
        if kind == T_ARRAY:
            addr = array_item(memory, addr, 0)
        elif kind != T_STRING:
            raise BadRead("0x%x is no path" % addr)
        return read_string(memory, self._layout, addr)
