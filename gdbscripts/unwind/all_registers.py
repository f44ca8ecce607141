"""The caller of a frame whose rule needs more registers than those of the stack and the frame
(cfi.FULL): the dynamic linker's trampolines, hand-written assembly, functions that align their
stack.

Registers have DWARF's numbers. Those that are needed are restored from the leaf on, by the rows of
all frames in between (DWARF 5, 6.4.3); expressions: DWARF 5, 2.5.1 and 7.7.1.
"""
import operator

from pmp_cfi import FP, MASK, RA, SP, Function, Reader
from pmp_memory import BadRead

RESTORES_MAX = 16  # of all registers, in one stack
DEREF, DUP, DROP, OVER, SWAP, PLUS_UCONST, NOP = 0x06, 0x12, 0x13, 0x14, 0x16, 0x23, 0x96
LIT0, REG0, BREG0 = 0x30, 0x50, 0x70  # the first of 32 each
CONSTANTS = {0x08: (1, False), 0x09: (1, True), 0x0a: (2, False), 0x0b: (2, True),
             0x0c: (4, False), 0x0d: (4, True), 0x0e: (8, False), 0x0f: (8, True)}
BINARY = {0x1a: operator.and_, 0x1c: operator.sub, 0x1e: operator.mul, 0x21: operator.or_,
          0x22: operator.add, 0x24: lambda a, b: a << min(b, 64), 0x25: lambda a, b: a >> b,
          0x27: operator.xor, 0x29: operator.eq, 0x2a: operator.ge, 0x2b: operator.gt,
          0x2c: operator.le, 0x2d: operator.lt, 0x2e: operator.ne}


def evaluate(expression: bytes, registers: dict, word, first=()) -> int:
    """The value of a DWARF expression. registers: {number: value}; word(address): of the memory;
    first: what is on the stack of values before. KeyError: a register is not known; BadRead: memory
    cannot be read, or the expression is malformed."""
    reader, values = Reader(expression, 0), list(first)
    try:
        while reader.more():
            _execute(reader.number(1), reader, values, registers, word)
        return values[-1]
    except IndexError:
        raise BadRead("a malformed expression")


def _execute(code: int, reader, values: list, registers: dict, word) -> None:
    """Executes one operation."""
    if code == DEREF:
        values.append(word(values.pop()))
    elif code == DUP:
        values.append(values[-1])
    elif code == DROP:
        values.pop()
    elif code == OVER:
        values.append(values[-2])
    elif code == SWAP:
        values[-2:] = values[-1], values[-2]
    elif code == PLUS_UCONST:
        values.append(values.pop() + reader.unsigned() & MASK)
    elif code in BINARY:
        second = values.pop()
        values.append(int(BINARY[code](values.pop(), second)) & MASK)
    elif code in CONSTANTS:
        values.append(reader.number(*CONSTANTS[code]) & MASK)
    elif LIT0 <= code < LIT0 + 32:
        values.append(code - LIT0)
    elif BREG0 <= code < BREG0 + 32:
        values.append(registers[code - BREG0] + reader.signed() & MASK)
    elif code != NOP:
        raise BadRead("an unknown operation")


class AllRegisters:
    """The registers of the frames of one stack."""

    def __init__(self, code, memory, leaf) -> None:
        """code: a CodeMap; memory: with pointer; leaf: registers.Registers."""
        self._code, self._memory, self._leaf = code, memory, leaf
        self._restores = 0

    def caller(self, frames: list, fp: int) -> tuple:
        """(sp, pc, fp) of the caller of the last of the frames. fp: of that frame. BadRead."""
        frame = frames[-1]
        known = {SP: frame.sp, FP: fp, RA: frame.pc}
        row = self._row(frame)
        try:
            found = self._unwound(row, known)
        except KeyError:
            found = self._unwound_by_all(row, {**self._restored(frames), **known})
        if found[0] < frame.sp or found[0] == frame.sp and len(frames) > 1:
            raise BadRead("0x%x" % found[0])
        return found

    def _row(self, frame):
        """The cfi row of a frame. BadRead: it has none."""
        function, bias = self._code.function_at(frame.address)
        if not isinstance(function, Function):
            raise BadRead("no rule")
        return function.row(frame.address - bias)

    def _restored(self, frames: list) -> dict:
        """{number: value} of the registers of the last frame. BadRead."""
        self._restores += 1
        if self._restores > RESTORES_MAX:
            raise BadRead("too many odd frames")
        registers = self._leaf.by_number()
        for frame, caller in zip(frames, frames[1:]):
            registers.update({SP: frame.sp, RA: frame.pc})
            try:
                registers = self._saved(self._row(frame), caller.sp, registers)
            except BadRead:
                pass  # a guessed frame: its function has restored what it has changed
        return registers

    def _unwound_by_all(self, row, registers: dict) -> tuple:
        try:
            return self._unwound(row, registers)
        except KeyError:
            raise BadRead("a register that is not known")

    def _unwound(self, row, registers: dict) -> tuple:
        """(sp, pc, fp) of the caller. KeyError, BadRead."""
        if isinstance(row.cfa, bytes):
            cfa = evaluate(row.cfa, registers, self._memory.pointer)
        else:
            cfa = registers[row.cfa[0]] + row.cfa[1] & MASK
        saved = self._saved(row, cfa, registers)
        return saved[SP], saved[RA], saved[FP]

    def _saved(self, row, cfa: int, registers: dict) -> dict:
        """The registers of the caller, without those that are not known."""
        found = dict(registers)
        found[SP] = cfa
        for register, where in row.saved.items():
            try:
                found[register] = self._value(where, register, cfa, registers)
            except (KeyError, BadRead):
                found.pop(register, None)
        return found

    def _value(self, where, register: int, cfa: int, registers: dict) -> int:
        """A register of the caller. where: as in cfi's rows. KeyError, BadRead."""
        if where == "same":
            return registers[register]
        if isinstance(where, int):
            return self._memory.pointer(cfa + where)
        if isinstance(where, bytes):
            return self._memory.pointer(evaluate(where, registers, self._memory.pointer, (cfa,)))
        kind, what = where if where != "none" else ("register", -1)
        if kind == "value":
            return cfa + what & MASK
        return (registers[what] if kind == "register"
                else evaluate(what, registers, self._memory.pointer, (cfa,)))
