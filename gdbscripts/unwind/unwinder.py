"""Unwinds stacks by call frame information (cfi.py): some microseconds a frame, where gdb takes forty.

gdb would find the same frames. So it's asked wherever there is no rule for one: code that the target made, code
without call frame information, a stack that leads nowhere.
"""
import struct

from pmp_cfi import FP, OUTERMOST
from pmp_memory import BadRead

FRAMES_MAX = 20000  # of one stack, leaf first
PIECE = 1 << 14  # bytes of a stack read at once
RULES_MAX = 200000  # pcs whose rules are kept
WORD = struct.Struct("<Q")


class Frame:
    """A frame that is really there (inlined ones have none): its pc and stack pointer. `exact`: the pc is where it
    goes on, not behind a call that it makes; `signal`: it's a signal's trampoline."""
    __slots__ = ("pc", "sp", "exact", "signal")

    def __init__(self, pc: int, sp: int, exact: bool, signal: bool) -> None:
        self.pc, self.sp, self.exact, self.signal = pc, sp, exact, signal

    @property
    def address(self) -> int:
        """One that is in the instruction that it is at."""
        return self.pc if self.exact or not self.pc else self.pc - 1


class Unwinder:
    def __init__(self, function_at) -> None:
        """function_at(address): (cfi.Function or None, what the target adds to its addresses)."""
        self._function_at = function_at
        self._rules = {}

    def clear(self) -> None:
        """Libraries came or went."""
        self._rules.clear()

    def load_rules(self, pcs: list) -> None:
        """Reads the rules for return addresses that stacks may have, so that it isn't done while the target is stopped."""
        for pc in pcs:
            self._rule(pc - 1)

    def unwind(self, memory, registers):
        """The Frames, leaf first, to the outermost one or to FRAMES_MAX; None: gdb has to do it, or the frame pointer is
        needed that `registers` does not have."""
        stack, frames = _StackMemory(memory, registers.sp), []
        pc, sp, fp, exact = registers.pc, registers.sp, registers.fp, True
        try:
            while pc and len(frames) < FRAMES_MAX:
                rule = self._rule(pc if exact else pc - 1)
                if rule is None or fp is None and rule.base == FP:
                    return None
                frames.append(Frame(pc, sp, exact, rule.signal is not None))
                if rule is OUTERMOST:
                    return frames
                exact = rule.signal is not None
                if exact:
                    cfa, pc, fp = (stack.word(sp + at) for at in rule.signal)
                else:
                    cfa = (fp if rule.base == FP else sp) + rule.offset
                    pc = stack.word(cfa - 8)
                    if rule.saved_fp is not None:
                        fp = stack.word(cfa + rule.saved_fp)
                if cfa <= sp and not exact:
                    return None
                sp = cfa
        except BadRead:
            return None
        if not frames:
            return None
        # Nothing calls it: gdb shows that, too.
        return frames if pc else frames + [Frame(0, sp, exact, False)]

    def _rule(self, address: int):
        if address not in self._rules:
            if len(self._rules) >= RULES_MAX:
                self._rules.clear()
            function, bias = self._function_at(address)
            self._rules[address] = function.rule(address - bias) if function is not None else None
        return self._rules[address]


class _StackMemory:
    """A stack's words. It's read in pieces, as frames get there."""

    def __init__(self, memory, start: int) -> None:
        self._memory = memory
        self._start = start
        self._data = memory.read_some(start, PIECE)

    def word(self, address: int) -> int:
        at = address - self._start
        if not 0 <= at <= len(self._data) - 8:
            self._start, self._data, at = address, self._memory.read_some(address, PIECE), 0
        try:
            return WORD.unpack_from(self._data, at)[0]
        except struct.error:
            raise BadRead("0x%x" % address)
