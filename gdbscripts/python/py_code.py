"""Code objects: a Python function's name, file, first line and line table, read once each."""
from pmp_line_tables import DECODERS
from pmp_memory import BadRead, Memory, int_at, pointer_at
from pmp_py_text import read_bytes, read_c_string, read_text

LINE_TABLE_MAX = 1 << 18  # bytes; a longer table is read up to there
LINES_MAX = 1 << 30
POINTERS = ("code.filename", "code.name", "code.linetable")


class Code:
    """One function's code as the stack shows it. `trampoline`: the interpreter's own, no part of a program."""
    __slots__ = ("name", "file", "first_line", "trampoline", "_decode", "_table", "_lines")

    def __init__(self, name: str, file: str, first_line: int, decode, table: bytes) -> None:
        self.name = name
        self.file = file
        self.first_line = first_line
        self.trampoline = False
        self._decode = decode
        self._table = table
        self._lines = {}

    def line(self, offset: int) -> int:
        """The line of the instruction at byte `offset`. Before the first one runs, the first line."""
        line = self._lines.get(offset)
        if line is None:
            line = self._decode(self._table, self.first_line, offset) if offset >= 0 else 0
            if not 0 <= line < LINES_MAX:
                line = 0  # the table was overwritten, or was never one
            self._lines[offset] = line
        return line or self.first_line


def _no_line(_table: bytes, _first_line: int, _offset: int) -> int:
    return 0


# Stands where a frame was, and its code object could not be read.
UNREADABLE = Code("(a frame that cannot be read)", "?", 0, _no_line, b"")


class CodeCache:
    """Code objects by address. An address is used again when a code object is freed, so what stands there
    is compared with what was there at first, once for each stop of the target: type, first line, the
    pointers to file, name and line table; from 3.12 on a version that no other code object has lies between
    them, before that the text of file and name is compared, too."""

    LIMIT = 100000

    def __init__(self, layout: dict) -> None:
        self._layout = layout
        self._known = {}   # address -> (what was seen, Code)
        self._checked = {} # those of the known ones that were compared in this stop
        self._same = set() # (address, text) of the names that were compared in this stop
        self._type = 0     # address of the type "code"
        self._head = layout["object.type"] + 8
        self._from = layout["code.firstlineno"]
        for name in POINTERS:
            self._from = min(self._from, layout[name])
        self._size = max(layout[name] for name in POINTERS) + 8 - self._from
        self._compare_text = layout["runs"] != "shim"

    def new_stop(self) -> None:
        """The target ran since the last `get`."""
        self._checked.clear()
        self._same.clear()

    def get(self, memory: Memory, addr: int) -> Code:
        code = self._checked.get(addr)
        if code is None:
            code = self._checked[addr] = self._compared(memory, addr)
        return code

    def _compared(self, memory: Memory, addr: int) -> Code:
        seen = memory.read(addr, self._from + self._size)
        seen = seen[self._head - 8:self._head] + seen[self._from:]
        known = self._known.get(addr)
        if known is not None and known[0] == seen and all(self._is_same(memory, place) for place in known[1]):
            return known[2]
        if len(self._known) >= self.LIMIT:
            self._known.clear()
        code, texts = self._read(memory, addr)
        self._known[addr] = (seen, texts, code)
        return code

    def _is_same(self, memory: Memory, place: tuple) -> bool:
        """Code objects of one file have its name in common."""
        if place not in self._same:
            at, text = place
            if memory.read(at, len(text)) != text:
                return False
            self._same.add(place)
        return True

    def _read(self, memory: Memory, addr: int) -> tuple:
        """(Code, what else is to be compared: (address, bytes) each)."""
        layout = self._layout
        data = memory.read(addr, self._from + self._size)
        self._check_type(memory, pointer_at(data, layout["object.type"]))
        first_line = int_at(data, layout["code.firstlineno"])
        if not 0 <= first_line < LINES_MAX:
            raise BadRead("0x%x is no code object" % addr)
        decode = DECODERS[layout["lines"]]
        file_at, name_at, table_at = (pointer_at(data, layout[key]) for key in POINTERS)
        file, file_place = read_text(memory, layout, file_at)
        name, name_place = read_text(memory, layout, name_at)
        table, _ = read_bytes(memory, layout, table_at, LINE_TABLE_MAX)
        code = Code(name, file, first_line, decode, table)
        # _Py_InitCleanup and what -X perf and others push (3.12+): one string for all, and no line.
        code.trampoline = file_at == name_at and not decode(table, first_line, 0)
        return code, (file_place, name_place) if self._compare_text else ()

    def _check_type(self, memory: Memory, addr: int) -> None:
        """Only code objects are read as such: a layout that is wrong gives no names."""
        if addr == self._type:
            return
        name = memory.pointer(addr + self._layout["type.name"])
        if read_c_string(memory, name, 16) != b"code":
            raise BadRead("no code object")
        self._type = addr
