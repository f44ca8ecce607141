"""Code objects: name, file, first line and line table of a Python function, with a cache."""
from pmp_line_tables import DECODERS
from pmp_memory import BadRead, Memory, int_at, pointer_at
from pmp_py_text import read_bytes, read_c_string, read_text

LINE_TABLE_MAX = 1 << 18  # bytes; the rest of a longer table is not read
LINES_MAX = 1 << 30  # a higher line number is invalid
POINTERS = ("code.filename", "code.name", "code.linetable")


class Code:
    """One function's code. `trampoline`: it is internal to the interpreter and not shown."""
    __slots__ = ("name", "file", "first_line", "trampoline", "_decode", "_table", "_lines")
    more = {}  # more pairs of its `code` marker

    def __init__(self, name: str, file: str, first_line: int, decode, table: bytes) -> None:
        self.name = name
        self.file = file
        self.first_line = first_line
        self.trampoline = False
        self._decode = decode
        self._table = table
        self._lines = {}

    def line(self, offset: int) -> int:
        """The line of the instruction at byte `offset`; the first line if that has none. A negative
        offset means that no instruction has run yet."""
        line = self._lines.get(offset)
        if line is None:
            line = self._decode(self._table, self.first_line, offset) if offset >= 0 else 0
            if not 0 <= line < LINES_MAX:
                line = 0  # the table is corrupt
            self._lines[offset] = line
        return line or self.first_line


def _no_line(_table: bytes, _first_line: int, _offset: int) -> int:
    return 0


# The code of a frame whose code object cannot be read.
UNREADABLE = Code("(a frame that cannot be read)", "?", 0, _no_line, b"")


class CodeCache:
    """Code objects by address. Python reuses the address of a freed code object, so each cached one
    is compared with the memory once in each stop of the target: type, first line, and the pointers
    to file, name and line table. From 3.12 on the unique co_version lies between these; before that
    the text of file and name is compared too."""

    LIMIT = 100000  # code objects kept

    def __init__(self, layout: dict) -> None:
        self._layout = layout
        self._known = {}  # address -> (bytes that were compared, _read's texts, Code)
        self._checked = {}  # address -> Code: those that were compared in this stop
        self._unchanged = set()  # (address, text) of names that were compared in this stop
        self._type = 0  # address of the type "code"
        self._head = layout["object.type"] + 8
        self._from = layout["code.firstlineno"]
        for name in POINTERS:
            self._from = min(self._from, layout[name])
        self._size = max(layout[name] for name in POINTERS) + 8 - self._from
        self._compare_text = layout["runs"] != "shim"

    def new_stop(self) -> None:
        """The target has run since the last `get`."""
        self._checked.clear()
        self._unchanged.clear()

    def get(self, memory: Memory, addr: int) -> Code:
        """The Code of the code object at an address. BadRead: there is no code object."""
        code = self._checked.get(addr)
        if code is None:
            code = self._checked[addr] = self._read_or_reuse(memory, addr)
        return code

    def _read_or_reuse(self, memory: Memory, addr: int) -> Code:
        head = memory.read(addr, self._from + self._size)
        head = head[self._head - 8:self._head] + head[self._from:]
        known = self._known.get(addr)
        if known is not None and known[0] == head:
            if all(self._is_unchanged(memory, place) for place in known[1]):
                return known[2]
        if len(self._known) >= self.LIMIT:
            self._known.clear()
        code, texts = self._read(memory, addr)
        self._known[addr] = (head, texts, code)
        return code

    def _is_unchanged(self, memory: Memory, place: tuple) -> bool:
        """Is the text still there? Code objects of one file share its name, so each is read
        once."""
        if place not in self._unchanged:
            at, text = place
            if memory.read(at, len(text)) != text:
                return False
            self._unchanged.add(place)
        return True

    def _read(self, memory: Memory, addr: int) -> tuple:
        """(Code, ((address, bytes), ...): texts that have to be compared as well)."""
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
        # _Py_InitCleanup and the frames that -X perf and others push (3.12+): one string is both
        # file and name, and there is no line.
        code.trampoline = file_at == name_at and not decode(table, first_line, 0)
        return code, (file_place, name_place) if self._compare_text else ()

    def _check_type(self, memory: Memory, addr: int) -> None:
        """BadRead if the object at `addr` is not the type "code": a wrong layout gives no names."""
        if addr == self._type:
            return
        name = memory.pointer(addr + self._layout["type.name"])
        if read_c_string(memory, name, 16) != b"code":
            raise BadRead("no code object")
        self._type = addr
