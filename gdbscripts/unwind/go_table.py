"""Go's own table of functions, .gopclntab: names, source lines and frame sizes (x86-64).

Go's runtime needs the table, so that every Go program has it, also a stripped one, which has no
other call frame information.

Sources, in Go's repository: versions and header: debug/gosym/pclntab.go, runtime/symtab.go
(pcHeader, moduledata); a function's record: runtime/runtime2.go (_func); flags of functions and
numbers of tables: internal/abi/symtab.go; inlined calls: runtime/symtabinl.go (1.20),
runtime/symtab.go (1.18). The magic number changed in Go 1.16, 1.18 and 1.20; since 1.26 only
moduledata has the start of the code. Read here are 1.2 to 1.27; up to 1.17 without inlined calls.

A frame of Go begins at CFA - 8 (the return address) and has the caller's frame pointer at CFA - 16
(cmd/compile/abi-internal.md); the table has the distance from the stack pointer to CFA - 8. Some
functions of the runtime change the stack (asm_amd64.s, sys_linux_amd64.s): KINDS, go_stacks.py.
"""
import bisect
import struct

from pmp_cfi import FP, OUTERMOST, SP, Rule
from pmp_elf import PF_W, Elf
from pmp_go_stacks import CALLBACK, FRAMELESS_SWITCH, LEAVE, LEFT, LOCKED, OTHER
from pmp_guessed_frames import EPILOGUE_BYTES, epilogue
from pmp_memory import TEXT_MAX, BadRead

SECTIONS = (".gopclntab", ".data.rel.ro.gopclntab")
GO_SECTIONS = (".go.buildinfo", ".note.go.buildid")
# After the magic: two zeros, bytes of the smallest instruction, bytes of a pointer.
HEADER_END = b"\0\0\x01\x08"
FUNCTIONS_MAX = 1 << 21
RECORD_BYTES = 128  # that are read of a function's record: it may have 13 tables of each kind
VALUES_BYTES = 1 << 18  # of one table of values by pc
DEPTH_MAX = 1 << 31  # bytes of a frame
INLINED_MAX = 200  # nested inlined calls
NONE = 0xffffffff
INLINE_INDEX, INLINE_TREE = 2, 3  # PCDATA_InlTreeIndex, FUNCDATA_InlTree
WRITES_SP = 2  # FuncFlag_SPWRITE
# Offsets in moduledata: text and etext since 1.16; gofunc in 1.26 and 1.27.
TEXT_AT, ETEXT_AT, GOFUNC_AT = 22 * 8, 23 * 8, (43 * 8, 40 * 8)

# Name of a function of the runtime -> its kind. "end": a goroutine or a thread begins there.
# "leaves": the thread leaves a goroutine for good. "locked": it waits for its own goroutine.
# "signal": the trampoline of signal handlers. "left": the return address of a goroutine that has
# left its stack (gosave_systemstack_switch). "callback": C calls Go. "plain": its frame does not
# have the caller's frame pointer, which is in the register. "switch": it sets the stack pointer;
# versions after 1.17 flag such functions.
KINDS = {name: kind for kind, names in (
    ("end", "runtime.goexit runtime.rt0_go runtime.clone runtime.gogo gogo"),
    ("leaves", "runtime.mcall runtime.morestack"),
    ("locked", "runtime.stoplockedm"),
    ("signal", "runtime.sigreturn runtime.sigreturn__sigaction"),
    ("left", "runtime.systemstack_switch"),
    ("callback", "runtime.cgocallback runtime.cgocallback_gofunc"),
    ("plain", "crosscall2"),
    ("switch", "runtime.systemstack runtime.asmcgocall runtime.nanotime runtime.nanotime1 "
               "runtime.walltime runtime.walltime1 time.now")) for name in names.split()}
STACKS = (CALLBACK, LOCKED)  # that are kinds of cfi.Rule.stack, too
RETURNED_TO = ("signal", "left")  # their address is a return address, with no call before it
# The kinds that have one rule. The offsets are those of rsp, rip and rbp in struct ucontext.
RULES = {"end": OUTERMOST, "leaves": LEAVE, "left": LEFT,
         "signal": Rule(SP, 0, None, (160, 168, 120))}


class _Version:
    """A format. width: bytes of a function's address and of its record's offset; header: words
    before the places of the tables, 0: there are no places; offsets in a record: flag (0: none),
    tables; inlined: (size, offset of the name, of the call's pc) of an inlined call, None: they are
    not read; gofunc: its offset in moduledata."""

    def __init__(self, width: int, header: int, flag: int, tables: int, inlined, gofunc=0) -> None:
        self.width, self.header, self.flag, self.tables = width, header, flag, tables
        self.inlined, self.gofunc = inlined, gofunc


# Magic number -> format: 1.2, 1.16, 1.18, 1.20.
VERSIONS = {0xfffffffb: _Version(8, 0, 0, 40, None), 0xfffffffa: _Version(8, 2, 0, 44, None),
            0xfffffff0: _Version(4, 3, 37, 40, (20, 12, 16), 38 * 8),
            0xfffffff1: _Version(4, 3, 41, 44, (16, 4, 8), 40 * 8)}


class GoFunction:
    """A function. Addresses are those of the file."""
    __slots__ = ("start", "end", "name", "record", "_depths", "kind")

    def __init__(self, start: int, end: int, name: str, record: bytes, depths: list,
                 kind: str) -> None:
        """record: its struct _func; depths: as GoTable._values, bytes from the stack pointer to the
        return address; kind: of KINDS, "" for most."""
        self.start, self.end, self.name, self.record = start, end, name, record
        self._depths, self.kind = depths, kind

    def rule(self, address: int):
        """The cfi.Rule at an address, None if the table has none."""
        if self.kind in RULES:
            return RULES[self.kind]
        depth = _value_at(self._depths, address)
        if not 0 <= depth < DEPTH_MAX:
            return None
        if self.kind == "switch":
            return Rule(FP, depth + 8, -16, None, OTHER) if depth else FRAMELESS_SWITCH
        fp = -16 if depth and self.kind != "plain" else None
        return Rule(SP, depth + 8, fp, None, self.kind if self.kind in STACKS else None)


class GoTable:
    """The .gopclntab of one file. Each function is read once, when it is first needed."""

    def __init__(self, elf: Elf) -> None:
        """BadRead: the file has none in a known format. OSError."""
        self._elf = elf
        self._functions = {}  # index -> GoFunction, None if it cannot be read
        self._module = None  # address of moduledata; 0: not found; None: not searched for
        for address in _candidates(elf):
            try:
                return self._read_header(address)
            except BadRead:
                pass
        raise BadRead("no table of Go's functions")

    def function(self, address: int):
        """The GoFunction that contains an address; None if there is none or it cannot be read."""
        offset = address - self._text
        if not self._starts[0] - 1 <= offset < self._end:
            return None
        at = bisect.bisect_right(self._starts, offset) - 1
        if at + 1 < len(self._starts) and self._starts[at + 1] == offset + 1:
            after = self._at(at + 1)
            if after is not None and after.kind in RETURNED_TO:
                return after
        return self._at(at)

    def assembly_rule(self, address: int):
        """The Rule at a call in a function without call frame information, as Go's C part has some
        (runtime/cgo/gcc_amd64.S), by the function's end; None if that is not found."""
        try:
            found = epilogue(self._elf.read_some(address + 1, EPILOGUE_BYTES))
        except (BadRead, OSError):
            return None
        if found is None:
            return None
        depth, fp = found
        return Rule(SP, depth + 8, None if fp is None else fp - depth - 8)

    def lines(self, address: int) -> list:
        """[(name, file, line)] of the functions that are inlined at an address, innermost first,
        then of the function itself; file "": unknown. []: no function."""
        function = self.function(address)
        if function is None:
            return []
        try:
            calls = self._inlined(function, address)
        except (BadRead, OSError, struct.error):
            return [(function.name, "", 0)]
        names = [name for name, _ in calls] + [function.name]
        places = [address] + [place for _, place in calls]
        return [(name,) + self._line(function, place) for name, place in zip(names, places)]

    # The header.

    def _read_header(self, table: int) -> None:
        data = self._elf.read(table, 72)
        self._version = version = VERSIONS.get(struct.unpack_from("<I", data)[0])
        if version is None or data[4:8] != HEADER_END:
            raise BadRead("no known header")
        self._table = table
        words = struct.unpack_from("<8Q", data, 8)
        count = words[0]
        if not 0 < count <= FUNCTIONS_MAX:
            raise BadRead("%d functions" % count)
        if not version.header:
            self._names = self._values_at = self._records = table
            first, self._units = table + 16, 0
            self._files = table + self._number(first + 16 * count + 8)
        else:
            places = [table + offset for offset in words[version.header:version.header + 5]]
            self._names, self._units, self._files, self._values_at, first = places
            self._records = first
        size = (2 * count + 1) * version.width
        starts = memoryview(self._elf.read(first, size)).cast("I" if version.width == 4 else "Q")
        self._starts, self._offsets, self._end = starts[:-1:2], starts[1::2], starts[-1]
        self._has_text = version.width == 8 or words[2] != 0
        self._text = self._text_start(words[2]) if version.width == 4 else 0
        self._elf.read(self._text + self._starts[0], 1)  # BadRead: the code is elsewhere

    def _text_start(self, found: int) -> int:
        """The address to which functions are relative. found: that of the header, 0 since 1.26."""
        if not found:
            module = self._find_module()
            found = self._elf.pointer(module + TEXT_AT) if module else 0
        if not found:
            raise BadRead("the start of the code is unknown")
        return found

    def _find_module(self) -> int:
        """The address of moduledata, which begins with the address of this table; 0: not found."""
        if self._module is None:
            self._module = 0
            for address in self._elf.find(struct.pack("<Q", self._table), PF_W):
                try:
                    text = self._elf.pointer(address + TEXT_AT)
                    end = self._elf.pointer(address + ETEXT_AT)
                except BadRead:
                    continue
                if 0 < text + self._starts[0] < text + self._end <= end:
                    self._module = address
                    break
        return self._module

    # Functions.

    def _at(self, index: int):
        """The GoFunction with a number; None if there is none or it cannot be read."""
        if not 0 <= index < len(self._starts):
            return None
        if index not in self._functions:
            try:
                self._functions[index] = self._read_function(index)
            except (BadRead, OSError, struct.error):
                self._functions[index] = None
        return self._functions[index]

    def _read_function(self, index: int) -> GoFunction:
        ends = self._end if index + 1 == len(self._starts) else self._starts[index + 1]
        start, end = self._text + self._starts[index], self._text + ends
        record = self._elf.read_some(self._records + self._offsets[index], RECORD_BYTES)
        if len(record) < self._version.tables:
            raise BadRead("no record")
        name = self._name(self._field(record, 0))
        if not name:
            raise BadRead("no name")
        depths = self._values(self._field(record, 3), start, end)
        return GoFunction(start, end, name, record, depths, self._kind(name, record))

    def _kind(self, name: str, record: bytes) -> str:
        kind, at = KINDS.get(name, ""), self._version.flag
        if at and kind in ("", "switch"):  # a wrapper may have the name, too
            return "switch" if record[at] & WRITES_SP else ""
        return kind

    def _name(self, offset: int) -> str:
        return self._text_at(self._names + offset)

    def _field(self, record: bytes, number: int) -> int:
        """A field of a record after the address: 0 name, 3 pcsp, 4 pcfile, 5 pcln, 6 npcdata, 7
        cuOffset."""
        return struct.unpack_from("<I", record, self._version.width + 4 * number)[0]

    # Lines.

    def _line(self, function: GoFunction, address: int) -> tuple:
        """(file, line) of an address; ("", 0): unknown."""
        try:
            file, line = (self._value(function, self._field(function.record, number), address)
                          for number in (4, 5))
            path = self._file(function, file) if file >= 0 and line > 0 else ""
        except (BadRead, OSError, struct.error):
            return "", 0
        return (path, line) if path else ("", 0)

    def _file(self, function: GoFunction, index: int) -> str:
        if not self._units:  # the list begins with its length
            offset = self._number(self._files + 4 * index) if index else 0
            return self._text_at(self._table + offset) if offset else ""
        unit = self._field(function.record, 7)
        offset = self._number(self._units + 4 * (unit + index)) if unit != NONE else NONE
        return self._text_at(self._files + offset) if offset != NONE else ""

    def _inlined(self, function: GoFunction, address: int) -> list:
        """[(name, address of the call)] of the calls that are inlined at an address, innermost
        first."""
        found, version, record = [], self._version, function.record
        index = self._inline_index(function, address)
        while index >= 0 and len(found) < INLINED_MAX:
            if version.inlined is None:
                raise BadRead("inlined calls are not read")
            size, name_at, call_at = version.inlined
            call = self._elf.read(self._inline_tree(record) + index * size, size)
            if size == 16 and any(call[1:4]):
                raise BadRead("a newer format")
            name, = struct.unpack_from("<I", call, name_at)
            address = function.start + struct.unpack_from("<I", call, call_at)[0]
            if not function.start <= address < function.end:
                raise BadRead("a call in another function")
            found.append((self._name(name), address))
            index = self._inline_index(function, address)
        return found

    def _inline_index(self, function: GoFunction, address: int) -> int:
        """The index of the innermost inlined call, -1 if there is none."""
        if self._field(function.record, 6) <= INLINE_INDEX:
            return -1
        at = self._version.tables + 4 * INLINE_INDEX
        where, = struct.unpack_from("<I", function.record, at)
        return self._value(function, where, address)

    def _inline_tree(self, record: bytes) -> int:
        at = self._version.tables + 4 * (self._field(record, 6) + INLINE_TREE)
        offset, = struct.unpack_from("<I", record, at)
        module = self._find_module()
        if offset == NONE or not module:
            raise BadRead("no inlined calls")
        return self._gofunc(module) + offset

    def _gofunc(self, module: int) -> int:
        """The address to which data of functions are relative. Since 1.26 they are in the table
        itself, and the next word is its end."""
        if self._has_text:
            return self._elf.pointer(module + self._version.gofunc)
        for at in GOFUNC_AT:
            start, end = struct.unpack("<2Q", self._elf.read(module + at, 16))
            if self._table < start <= end:
                return start
        raise BadRead("no data of functions")

    # Values by pc.

    def _value(self, function: GoFunction, offset: int, address: int) -> int:
        return _value_at(self._values(offset, function.start, address + 1), address)

    def _values(self, offset: int, start: int, end: int) -> list:
        """[(end of the range, value)]: the values of a table for the addresses from `start` to
        `end`. A table is pairs of LEB128 numbers: difference of the value (its sign in bit 0),
        bytes of code. offset 0: no table."""
        if not offset:
            return []
        where, size = self._values_at + offset, 64
        while True:
            data = self._elf.read_some(where, size)
            try:
                return _parse_values(data, start, end)
            except IndexError:
                if len(data) < size or size >= VALUES_BYTES:
                    raise BadRead("a table without an end")
            size *= 8

    def _number(self, address: int) -> int:
        return struct.unpack("<I", self._elf.read(address, 4))[0]

    def _text_at(self, address: int) -> str:
        return self._elf.text(address, TEXT_MAX).decode("utf-8", "backslashreplace")


def _parse_values(data: bytes, start: int, end: int) -> list:
    """As GoTable._values; IndexError: the data ends too early."""
    rows, value, at = [], -1, 0
    while start < end:
        change, at = _unsigned(data, at)
        if not change and rows:
            break
        size, at = _unsigned(data, at)
        value += -(change + 1 >> 1) if change & 1 else change >> 1
        start += size
        rows.append((start, value))
    return rows


def _unsigned(data: bytes, at: int) -> tuple:
    """(LEB128 number at a position, position after it), 32 bits."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value & NONE, at


def _value_at(rows: list, address: int) -> int:
    """The value at an address, -1 if there is none. rows: as GoTable._values."""
    at = bisect.bisect_right(rows, (address, NONE))
    return rows[at][1] if at < len(rows) else -1


def _candidates(elf: Elf):
    """Yields the addresses at which the table may be. The linker of C programs joins the section
    with others; a file may have no sections at all."""
    for name in SECTIONS:
        address = elf.section(name)
        if address:
            yield address
    if not elf.has_sections() or any(elf.has_section(name) for name in GO_SECTIONS):
        for address in elf.find(b"\xff\xff\xff" + HEADER_END):
            yield address - 1
