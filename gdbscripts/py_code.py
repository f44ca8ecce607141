"""Code objects: a Python function's name, file, first line and line table, read once each."""
from pmp_memory import BadRead, Memory, TEXT_MAX, int_at, pointer_at

LINE_TABLE_MAX = 1 << 18  # bytes; a longer table is read up to there

# PyASCIIObject.state (Include/cpython/unicodeobject.h, 3.3 to 3.13): bits 2-4 kind, 5 compact, 6 ascii.
STATE_KIND, STATE_COMPACT, STATE_ASCII = 2, 1 << 5, 1 << 6
ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}


def read_text(memory: Memory, layout: dict, addr: int) -> str:
    """A str object's text; of a long one the beginning and "..."."""
    header = memory.read(addr, layout["str.ascii_data"])
    length = pointer_at(header, layout["str.length"])
    state = int_at(header, layout["str.state"])
    kind = (state >> STATE_KIND) & 7
    if not state & STATE_COMPACT or kind not in ENCODINGS:
        raise BadRead("0x%x is no compact string" % addr)
    data = "str.ascii_data" if state & STATE_ASCII else "str.compact_data"
    raw = memory.read(addr + layout[data], min(length, TEXT_MAX) * kind)
    text = raw.decode(ENCODINGS[kind], "replace")
    return text + "..." if length > TEXT_MAX else text


def read_bytes(memory: Memory, layout: dict, addr: int, limit: int) -> bytes:
    size = pointer_at(memory.read(addr, layout["bytes.data"]), layout["bytes.size"])
    return memory.read(addr + layout["bytes.data"], min(size, limit))


def _varint(table: bytes, pos: int) -> tuple:
    """(value, next position): six bits a byte, least first, bit 6 says that more follow."""
    value = shift = 0
    while pos < len(table):
        byte = table[pos]
        pos += 1
        value |= (byte & 63) << shift
        shift += 6
        if not byte & 64:
            break
    return value, pos


def _signed_varint(table: bytes, pos: int) -> tuple:
    value, pos = _varint(table, pos)
    return (-(value >> 1) if value & 1 else value >> 1), pos


def location_line(table: bytes, first_line: int, offset: int) -> int:
    """The line of the instruction at byte `offset`, 0 if it has none.

    The location table of 3.11 and later (PEP 626, 657; Objects/locations.md): entries of a byte
    1CCCCLLL (code C, L + 1 code units of two bytes) and what the code says follows.
    """
    line, pos, end = first_line, 0, 0
    while pos < len(table):
        code, end = (table[pos] >> 3) & 15, end + 2 * ((table[pos] & 7) + 1)
        pos += 1
        if code in (13, 14):  # line delta; 14: then end line delta and two columns
            delta, pos = _signed_varint(table, pos)
            line += delta
        elif 10 <= code <= 12:
            line += code - 10
        if offset < end:
            return 0 if code == 15 else line
        while pos < len(table) and not table[pos] & 128:
            pos += 1
    return 0


class Code:
    """One function's code as the stack shows it."""

    def __init__(self, name: str, file: str, first_line: int, table: bytes, start: int) -> None:
        self.name = name
        self.file = file
        self.first_line = first_line
        self._table = table
        self._start = start
        self._lines = {}

    def line(self, instr: int) -> int:
        """The line of the instruction at address `instr`. Before the first one runs, the first line."""
        if instr < self._start:
            return self.first_line
        line = self._lines.get(instr)
        if line is None:
            line = location_line(self._table, self.first_line, instr - self._start)
            self._lines[instr] = line
        return line or self.first_line


class CodeCache:
    """Code objects by address. What stands there is compared at each use with what was there at first
    (first line, pointers to file, names and line table), since an address is used again when a code
    object is freed."""

    LIMIT = 100000

    def __init__(self, layout: dict) -> None:
        self._layout = layout
        self._known = {}
        first, last = layout["code.firstlineno"], layout["code.linetable"] + 8
        self._from, self._size = first, last - first

    def get(self, memory: Memory, addr: int) -> Code:
        seen = memory.read(addr + self._from, self._size)
        known = self._known.get(addr)
        if known is not None and known[0] == seen:
            return known[1]
        if len(self._known) >= self.LIMIT:
            self._known.clear()
        code = self._read(memory, addr)
        self._known[addr] = (seen, code)
        return code

    def _read(self, memory: Memory, addr: int) -> Code:
        layout = self._layout
        data = memory.read(addr, layout["code.code_adaptive"])
        first_line = int_at(data, layout["code.firstlineno"])
        if not 0 <= first_line < 1 << 30:
            raise BadRead("0x%x is no code object" % addr)
        return Code(
            read_text(memory, layout, pointer_at(data, layout["code.qualname"])),
            read_text(memory, layout, pointer_at(data, layout["code.filename"])),
            first_line,
            read_bytes(memory, layout, pointer_at(data, layout["code.linetable"]), LINE_TABLE_MAX),
            addr + layout["code.code_adaptive"])
