"""Call frame information: a parser of .eh_frame and .debug_frame that gives the rule to unwind a
frame (x86-64).

Sources: .eh_frame and .eh_frame_hdr: Linux Standard Base Core 5.0, "Exception Frames";
.debug_frame and instructions: DWARF 5, 6.4 and 7.24; register numbers: System V ABI for x86-64,
figure 3.36. Most frames have the forms that compilers emit: Rule. Others (a CFA in another
register, by an expression) need all registers: all_registers.py.

Terms of DWARF: CIE, common information entry; FDE, frame description entry (here: Function); CFA,
canonical frame address (the caller's stack pointer).
"""
import bisect
import struct

from pmp_memory import BadRead

FP, SP, RA = 6, 7, 16  # rbp, rsp, the return address
PCREL_SDATA4, UDATA4, DATAREL_SDATA4 = 0x1b, 0x03, 0x3b  # DW_EH_PE_...
# DW_EH_PE_* & 15 -> bytes
POINTER_SIZES = {0x00: 8, 0x02: 2, 0x03: 4, 0x04: 8, 0x0a: 2, 0x0b: 4, 0x0c: 8}
HEADER_MAX = 1 << 26  # bytes of .eh_frame_hdr
ENTRY_MAX = 1 << 16  # bytes of one CIE or FDE
ENTRIES_MAX = 1 << 19  # of a section without an index
PCREL, MASK = 0x10, (1 << 64) - 1  # DW_EH_PE_pcrel
BREG_SP, DEREF = 0x77, 0x06  # DW_OP_breg7, DW_OP_deref


class Rule:
    """How to unwind one frame. CFA = register `base` (SP or FP) + `offset`. The return address is
    at CFA - 8. The caller's frame pointer is at CFA + `saved_fp`; None: it is still in its
    register. `signal`: for a signal trampoline, the offsets from SP at which the caller's (sp, pc,
    fp) are stored; None for any other frame. `stack`: a kind of go_stacks.py if the caller may be
    on another stack, BY_ROW of FULL, else None."""
    __slots__ = ("base", "offset", "saved_fp", "signal", "stack")

    def __init__(self, base: int, offset: int, saved_fp, signal=None, stack=None) -> None:
        self.base, self.offset, self.saved_fp, self.signal = base, offset, saved_fp, signal
        self.stack = stack


OUTERMOST = Rule(SP, 0, None)  # the frame has no caller
BY_ROW = "by row"
FULL = Rule(FP, 0, None, None, BY_ROW)  # the caller is found by Function.row
# A signal trampoline: where struct ucontext, which sp points to, has rsp, rip and rbp
# (asm/ucontext.h, asm/sigcontext.h).
SIGNAL = Rule(SP, 0, None, (160, 168, 120))


class PltRule:
    """The rule of a procedure linkage table, as linkers write it: entries of 16 bytes, each with
    one more word on the stack from its byte `pushed` on."""
    # rsp + 8 + (((rip & 15) >= pushed) << 3): breg7 8, breg16 0, lit15, and, lit<pushed>, ge, lit3,
    # shl, plus
    BEFORE, AFTER = b"\x77\x08\x80\x00\x3f\x1a", b"\x2a\x33\x24\x22"
    LIT0 = 0x30

    def __init__(self, pushed: int) -> None:
        self._pushed = pushed

    def at(self, address: int) -> Rule:
        """The Rule at an address in the table."""
        return Rule(SP, 16 if address % 16 >= self._pushed else 8, None)

    @classmethod
    def parse(cls, expression: bytes):
        """The PltRule that a DWARF expression describes, None for any other expression."""
        if len(expression) != 11:
            return None
        if not expression.startswith(cls.BEFORE) or not expression.endswith(cls.AFTER):
            return None
        return cls(expression[6] - cls.LIT0)


class Function:
    """One FDE: the code of a function or of a part of it. Addresses are those of the file."""
    __slots__ = ("start", "end", "_cie", "_instructions", "_addresses", "_rules")

    def __init__(self, start: int, end: int, cie, instructions: bytes) -> None:
        """cie: a _Cie. BadRead, IndexError: malformed instructions."""
        self.start, self.end = start, end
        self._cie, self._instructions = cie, instructions
        # [(address, Rule or PltRule or None)] in order: each is valid up to the next address.
        rows = _run_instructions(cie, instructions, start, _Row(), lambda row: row.rule(cie))
        self._addresses = [address for address, _ in rows]
        self._rules = [rule for _, rule in rows]

    def rule(self, address: int):
        """The Rule at an address in this function, None if it is not supported."""
        rule = self._rules[bisect.bisect_right(self._addresses, address) - 1]
        return rule.at(address) if isinstance(rule, PltRule) else rule

    def row(self, address: int):
        """The _Row of all registers at an address in this function."""
        rows = _run_instructions(self._cie, self._instructions, self.start, _Row(True), _Row.copy)
        return rows[bisect.bisect_right(self._addresses, address) - 1][1]


class Frames:
    """The call frame information of one file, a Function for each entry. Addresses are those of the
    file. Each entry is parsed once, when it is first needed."""

    def __init__(self, base: int, starts, entries) -> None:
        """starts, entries: sequences of numbers relative to `base`: where each Function begins, in
        order, and where its entry is."""
        self._base, self._starts, self._entries = base, starts, entries
        self._functions = {}  # index -> Function, None if it cannot be parsed
        self._cies = {}  # address -> _Cie

    def starts(self) -> list:
        """The address at which each Function begins, in order."""
        return [start + self._base for start in self._starts]

    def function(self, address: int):
        """The Function that contains an address; None if there is none or it cannot be parsed."""
        at = bisect.bisect_right(self._starts, address - self._base) - 1
        if at < 0:
            return None
        if at not in self._functions:
            try:
                self._functions[at] = self._parse(self._base + self._entries[at],
                                                  self._base + self._starts[at])
            except (BadRead, IndexError, struct.error):
                self._functions[at] = None
        function = self._functions[at]
        return function if function is not None and address < function.end else None

    def _parse(self, address: int, start: int) -> Function:
        """The Function whose entry is there. BadRead, IndexError, struct.error."""
        data = self._entry(address)
        cie = self._cie(self._cie_address(address, data))
        width = POINTER_SIZES.get(cie.encoding & 0x0f)
        if width is None:
            raise BadRead("an unknown encoding")
        at = 4 + cie.segment_size
        end = start + int.from_bytes(data[at + width:at + 2 * width], "little")
        reader = Reader(data, at + 2 * width)
        if cie.augmented:
            reader.skip(reader.unsigned())
        return Function(start, end, cie, reader.rest())

    def _cie(self, address: int):
        if address not in self._cies:
            self._cies[address] = _Cie(self._entry(address))
        return self._cies[address]


class FrameTable(Frames):
    """The .eh_frame of a file, by its index in .eh_frame_hdr."""

    def __init__(self, read, header: int, size: int) -> None:
        """read(address, size): bytes of the file, raises BadRead; header, size: of .eh_frame_hdr.
        BadRead: an unknown format."""
        self._read = read
        data = read(header, min(size, HEADER_MAX))
        if len(data) < 12 or tuple(data[:4]) != (1, PCREL_SDATA4, UDATA4, DATAREL_SDATA4):
            raise BadRead("no table of frames that is known here")
        count = min(struct.unpack_from("<I", data, 8)[0], (len(data) - 12) // 8)
        table = memoryview(data)[12:12 + 8 * count].cast("i")
        super().__init__(header, table[::2], table[1::2])

    def _entry(self, address: int) -> bytes:
        size, = struct.unpack("<I", self._read(address, 4))
        if not 4 <= size <= ENTRY_MAX:
            raise BadRead("an entry of %d bytes" % size)
        return self._read(address + 4, size)

    def _cie_address(self, address: int, data: bytes) -> int:
        return address + 4 - struct.unpack_from("<I", data)[0]


class FrameSection(Frames):
    """A .debug_frame, or an .eh_frame without an index: each entry is visited once, for an index of
    its own. 64-bit DWARF is not supported (compilers emit it for no x86-64)."""

    def __init__(self, data: bytes, address: int, is_debug: bool) -> None:
        """data: of the section; address: of its first byte in the file; is_debug: .debug_frame."""
        super().__init__(0, (), ())
        self._data, self._address, self._is_debug = data, address, is_debug
        cie_id = 0xffffffff if is_debug else 0
        found, at = [], 0
        try:
            while at + 8 <= len(data) and len(found) < ENTRIES_MAX:
                size, kind = struct.unpack_from("<II", data, at)
                if size > ENTRY_MAX:
                    break
                if size and kind != cie_id:
                    found.append((self._start(at), at))
                at += 4 + size
        except (BadRead, IndexError, struct.error):
            pass  # the rest is not used
        found.sort()
        self._starts, self._entries = [start for start, _ in found], [at for _, at in found]

    def _start(self, at: int) -> int:
        """The address at which the function of an entry begins."""
        cie = self._cie(self._cie_address(at, self._data[at + 4:at + 8]))
        width, base = POINTER_SIZES.get(cie.encoding & 0x0f), cie.encoding & 0x70
        if width is None or base not in (0, PCREL):
            raise BadRead("an unknown encoding")
        at += 8 + cie.segment_size
        start = int.from_bytes(self._data[at:at + width], "little", signed=cie.encoding & 8 != 0)
        return start + (self._address + at if base else 0) & MASK

    def _entry(self, at: int) -> bytes:
        size, = struct.unpack_from("<I", self._data, at)
        if not 4 <= size <= ENTRY_MAX:
            raise BadRead("an entry of %d bytes" % size)
        return self._data[at + 4:at + 4 + size]

    def _cie_address(self, at: int, data: bytes) -> int:
        place, = struct.unpack_from("<I", data)
        return place if self._is_debug else at + 4 - place


class Reader:
    """Reads numbers and texts from the bytes of an entry, from position `at` on."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def more(self) -> bool:
        return self._at < len(self._data)

    def skip(self, size: int) -> None:
        self._at += size

    def rest(self) -> bytes:
        return self._data[self._at:]

    def number(self, size: int, signed: bool = False) -> int:
        found = self.bytes(size)
        if len(found) < size:
            raise BadRead("an entry ends too early")
        return int.from_bytes(found, "little", signed=signed)

    def bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size:self._at]

    def unsigned(self) -> int:
        """An unsigned LEB128 number (DWARF 5, 7.6)."""
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self) -> int:
        """A signed LEB128 number."""
        before = self._at
        value, bits = self.unsigned(), 7 * (self._at - before)
        return value - (1 << bits) if value >> (bits - 1) & 1 else value

    def text(self) -> bytes:
        """The bytes up to the next zero byte, which is skipped. ValueError if there is none."""
        end = self._data.index(b"\0", self._at)
        found, self._at = self._data[self._at:end], end + 1
        return found


class _Cie:
    """A common information entry: the data that several functions share."""

    def __init__(self, data: bytes) -> None:
        reader = Reader(data, 4)
        version = reader.number(1)
        try:
            names = reader.text()
        except ValueError:
            raise BadRead("an entry ends too early")
        if version not in (1, 3, 4) or names[:1] not in (b"", b"z"):
            raise BadRead("an unknown entry")
        self.segment_size = 0  # bytes of a segment selector
        if version == 4:
            if reader.number(1) != 8:
                raise BadRead("another size of addresses")
            self.segment_size = reader.number(1)
        self.code_factor = reader.unsigned()
        self.data_factor = reader.signed()
        self.has_usual_ra = (reader.number(1) if version == 1 else reader.unsigned()) == RA
        self.augmented = names[:1] == b"z"
        self.encoding = 0
        self.signal = b"S" in names
        if self.augmented:
            end = reader.unsigned()
            more = Reader(reader.bytes(end), 0)
            for name in names[1:].decode("latin-1"):
                if name == "R":
                    self.encoding = more.number(1)
                elif name == "P":
                    more.skip(POINTER_SIZES.get(more.number(1) & 0x0f, 8))
                elif name == "L":
                    more.skip(1)
        self.instructions = reader.rest()


class _Row:
    """The row of the table that the instructions have built so far. cfa: (register, offset), or the
    bytes of an expression. saved: of FP and RA, or of every register that has a rule: an offset
    from the CFA, "same", "none" (undefined), the bytes of an expression for its place, or
    ("register", its number), ("value", offset of the value from the CFA), ("expression", bytes for
    the value)."""

    def __init__(self, every: bool = False) -> None:
        """every: of every register."""
        self.cfa = (SP, 8)
        self.saved = {FP: "same", RA: -8}
        self._every = every

    def copy(self) -> "_Row":
        other = _Row(self._every)
        other.cfa, other.saved = self.cfa, dict(self.saved)
        return other

    def set(self, register: int, where) -> None:
        if self._every or register in self.saved:
            self.saved[register] = where

    def rule(self, cie: _Cie):
        """The Rule or PltRule of this row, None if it is not supported."""
        fp, ra = self.saved[FP], self.saved[RA]
        if ra == "none":
            return OUTERMOST
        if cie.signal:
            return self._signal_rule(fp, ra)
        if isinstance(self.cfa, bytes) and fp == "same" and ra == -8:
            return PltRule.parse(self.cfa) or FULL
        if not cie.has_usual_ra:
            return None
        if ra != -8 or not isinstance(self.cfa, tuple) or self.cfa[0] not in (SP, FP):
            return FULL
        if fp == "same":
            return Rule(self.cfa[0], self.cfa[1], None)
        return Rule(self.cfa[0], self.cfa[1], fp) if isinstance(fp, int) else FULL

    def _signal_rule(self, fp, ra):
        expressions = (self.cfa[:-1], ra, fp)
        offsets = [_sp_offset(place) for place in expressions if isinstance(place, bytes)]
        if len(offsets) < 3 or None in offsets or self.cfa[-1] != DEREF:
            return None
        return Rule(SP, 0, None, tuple(offsets))


def _sp_offset(expression: bytes):
    """N if the expression is "stack pointer + N", else None."""
    if expression[:1] != bytes([BREG_SP]):
        return None
    reader = Reader(expression, 1)
    offset = reader.signed()
    return None if reader.more() else offset


def _run_instructions(cie: _Cie, instructions: bytes, start: int, row: _Row, finish) -> list:
    """[(address, finish(row))] of a Function: the CIE's instructions, then those of the FDE. row:
    the first one."""
    _Machine(cie, row, start, finish).run(Reader(cie.instructions, 0))
    machine = _Machine(cie, row.copy(), start, finish)
    machine.first = row
    machine.run(Reader(instructions, 0))
    return machine.rows + [(machine.at, finish(machine.state))]


class _Machine:
    """Runs call frame instructions (DWARF 5, 6.4.2 and 7.24; 0x2d and up are GNU's). `rows` are the
    finished rows, `state` is the row at address `at`."""

    def __init__(self, cie: _Cie, state: _Row, at: int, finish) -> None:
        self.rows = []
        self._finish = finish
        self.state = state
        self.first = None  # the row after the CIE's instructions, for DW_CFA_restore
        self.at = at
        self._cie = cie
        self._state_stack = []

    def run(self, reader: Reader) -> None:
        while reader.more():
            code = reader.number(1)
            high, low = code & 0xc0, code & 0x3f
            if high == 0x40:
                self._advance(low)
            elif high == 0x80:
                self._offset(low, reader.unsigned())
            elif high == 0xc0:
                self._restore(low)
            else:
                if code not in INSTRUCTIONS:
                    raise BadRead("an unknown instruction")
                kinds, act = INSTRUCTIONS[code]
                act(self, *[_READ[kind](reader) for kind in kinds])

    def _advance(self, delta: int) -> None:
        self.rows.append((self.at, self._finish(self.state)))
        self.at += delta * self._cie.code_factor

    def _offset(self, register: int, offset: int) -> None:
        self.state.set(register, offset * self._cie.data_factor)

    def _restore(self, register: int) -> None:
        if self.first is not None:
            self.state.set(register, self.first.saved.get(register, "same"))

    def _cfa(self, register: int, offset: int) -> None:
        self.state.cfa = (register, offset)

    def _cfa_register(self, register: int) -> None:
        self.state.cfa = (register, self.state.cfa[1]) if isinstance(self.state.cfa, tuple) else b""

    def _cfa_offset(self, offset: int) -> None:
        self.state.cfa = (self.state.cfa[0], offset) if isinstance(self.state.cfa, tuple) else b""

    def _cfa_expression(self, block: bytes) -> None:
        self.state.cfa = block

    def _remember_state(self) -> None:
        self._state_stack.append(self.state.copy())

    def _restore_state(self) -> None:
        if not self._state_stack:
            raise BadRead("restore_state without remember_state")
        self.state = self._state_stack.pop()

    def _factored(self, offset: int) -> int:
        return offset * self._cie.data_factor


def _set_to(kind: str):
    return lambda machine, register, where: machine.state.set(register, (kind, where))


def _set_value(machine, register: int, offset: int) -> None:
    machine.state.set(register, ("value", machine._factored(offset)))


def _set(where):
    return lambda machine, register, *_: machine.state.set(register, where)


# How an operand is read, by its letter in INSTRUCTIONS: LEB128, a block, or 1, 2 or 4 bytes.
_READ = {"u": Reader.unsigned, "s": Reader.signed,
         "b": lambda reader: reader.bytes(reader.unsigned()),
         "1": lambda reader: reader.number(1), "2": lambda reader: reader.number(2),
         "4": lambda reader: reader.number(4)}
# Opcode -> (kinds of its operands, the method that takes them).
INSTRUCTIONS = {
    0x00: ("", lambda machine: None),                                      # nop
    0x02: ("1", _Machine._advance),
    0x03: ("2", _Machine._advance),
    0x04: ("4", _Machine._advance),
    0x05: ("uu", _Machine._offset),                                        # offset_extended
    0x06: ("u", _Machine._restore),                                        # restore_extended
    0x07: ("u", _set("none")),                                             # undefined
    0x08: ("u", _set("same")),                                             # same_value
    0x09: ("uu", _set_to("register")),
    0x0a: ("", _Machine._remember_state),
    0x0b: ("", _Machine._restore_state),
    0x0c: ("uu", _Machine._cfa),                                           # def_cfa
    0x0d: ("u", _Machine._cfa_register),
    0x0e: ("u", _Machine._cfa_offset),
    0x0f: ("b", _Machine._cfa_expression),
    0x10: ("ub", lambda machine, register, block: machine.state.set(register, block)),  # expression
    0x11: ("us", _Machine._offset),                                        # offset_extended_sf
    0x12: ("us", lambda machine, register, offset:                         # def_cfa_sf
           machine._cfa(register, machine._factored(offset))),
    0x13: ("s", lambda machine, offset: machine._cfa_offset(machine._factored(offset))),
    0x14: ("uu", _set_value),                                              # val_offset
    0x15: ("us", _set_value),                                              # val_offset_sf
    0x16: ("ub", _set_to("expression")),                                   # val_expression
    0x2e: ("u", lambda machine, size: None),                               # GNU_args_size
    0x2f: ("uu", lambda machine, register, offset: machine._offset(register, -offset)),
}
