"""Unwinds stacks by call frame information (cfi.py): a few microseconds a frame. Frames of code
without it: guessed_frames.py. A stack ends where a pc is in no executable mapping.
"""
import struct

from pmp_all_registers import AllRegisters
from pmp_cfi import BY_ROW, FP, OUTERMOST, SIGNAL
from pmp_go_stacks import GoStacks
from pmp_guessed_frames import GuessedFrames
from pmp_memory import BadRead

FRAMES_MAX = 20000  # of one stack: the half nearest to the leaf, and the half nearest to the root
WALK_MAX = 500000  # frames that are visited; the root of a longer stack is not reached
PIECE = 1 << 14  # bytes of a stack that are read at once
RULES_MAX = 200000  # addresses whose rules are kept
WORD = struct.Struct("<Q")
CUT = "(More stack frames follow...)"


class Frame:
    """One stack frame (inlined functions have none): its pc and stack pointer. `exact`: the pc is
    the next instruction to run, not a return address; `signal`: it is a signal trampoline."""
    __slots__ = ("pc", "sp", "exact", "signal")

    def __init__(self, pc: int, sp: int, exact: bool, signal: bool) -> None:
        self.pc, self.sp, self.exact, self.signal = pc, sp, exact, signal

    @property
    def address(self) -> int:
        """An address inside the current instruction: before the return address if it is a call."""
        return self.pc if self.exact or not self.pc else self.pc - 1


class Gap(Frame):
    """Stands for `count` frames in the middle of a stack, which are left out. Its stack pointer is
    that of the first of them. No name is looked up for it, as for a signal trampoline."""
    __slots__ = ("count",)

    def __init__(self, first: Frame, count: int) -> None:
        super().__init__(0, first.sp, True, True)
        self.count = count


def without_middle(frames: list) -> list:
    """The frames of a stack, of more than FRAMES_MAX only both halves with a Gap in between."""
    half = FRAMES_MAX // 2
    if len(frames) <= FRAMES_MAX:
        return frames
    return frames[:half] + [Gap(frames[half], len(frames) - 2 * half)] + frames[-half:]


class Unwinder:
    """Unwinds stacks, with a cache of rules by address."""

    def __init__(self, code, find_name=lambda _pc: None) -> None:
        """code: a CodeMap; find_name: PerfMap.find."""
        self._code = code
        self._guessed = GuessedFrames(code, find_name)
        self.function_at, self.is_code = code.function_at, self._guessed.is_code
        self._rules = {}  # address -> cfi.Rule or None

    def clear(self) -> None:
        """Forgets all rules: libraries were loaded or unloaded."""
        self._rules.clear()
        self._guessed.clear()

    def load_rules(self, pcs: list) -> None:
        """Reads the rules for return addresses that may be on stacks, before the target is
        stopped."""
        for pc in pcs:
            if self._rule(pc - 1) is None:
                self._code.function_start(pc - 1)

    def unwind(self, memory, registers):
        """(frames, why): [Frame], leaf first, up to the outermost one or WALK_MAX; why the stack
        ends before its root, "" if it does not. None if a register is needed that `registers` does
        not have.

        memory: with read_some; registers: registers.Registers."""
        frames = []
        go_stacks = GoStacks(memory, registers.thread_id, self._call_rule)
        all_registers = AllRegisters(self._code, memory, registers)
        pc, sp, fp, exact = registers.pc, registers.sp, registers.fp, True
        stack = _StackMemory(memory, sp)
        try:
            while len(frames) < WALK_MAX:
                rule = self._rule(pc if exact else pc - 1)
                if rule is None and frames and not self.is_code(pc - (not exact)):
                    return frames, ""
                if fp is None and (rule is None or rule.base == FP):
                    return None
                signal = rule is not None and rule.signal is not None
                frames.append(Frame(pc, sp, exact, signal))
                if rule is OUTERMOST:
                    return frames, ""
                if rule is None:
                    caller = self._guessed.caller(memory, stack, frames[-1], fp)
                elif rule.stack is None:
                    caller = _caller(rule, stack, sp, fp)
                elif rule.stack is BY_ROW:
                    caller = all_registers.caller(frames, fp)
                else:
                    caller = go_stacks.caller(rule, sp, fp)
                if caller is None:
                    return frames, ""
                sp, pc, fp = caller
                exact = signal
        except BadRead as err:
            # With all registers the stack may go on.
            return None if registers.fp is None else (frames, "Backtrace stopped: %s" % err)
        return frames, CUT

    def _call_rule(self, pc: int):
        """The Rule of the call before a return address, None if there is none."""
        return self._rule(pc - 1) if self.is_code(pc - 1) else None

    def _rule(self, address: int):
        if address not in self._rules:
            if len(self._rules) >= RULES_MAX:
                self._rules.clear()
            rule = self._code.rule_at(address)
            if rule is None and self._guessed.is_signal(address):
                rule = SIGNAL
            self._rules[address] = rule
        return self._rules[address]


def _caller(rule, stack, sp: int, fp: int) -> tuple:
    """(sp, pc, fp) of the caller of a frame with a rule. BadRead."""
    if rule.signal is not None:
        return tuple(stack.word(sp + at) for at in rule.signal)
    cfa = (fp if rule.base == FP else sp) + rule.offset
    if cfa <= sp:
        raise BadRead("0x%x" % cfa)
    if rule.saved_fp is not None:
        fp = stack.word(cfa + rule.saved_fp)
    return cfa, stack.word(cfa - 8), fp


class _StackMemory:
    """The words of a stack, read in pieces as the frames reach them."""

    def __init__(self, memory, start: int) -> None:
        self._memory = memory
        self._start = start
        try:
            self._data = memory.read_some(start, PIECE)
        except BadRead:
            self._data = b""

    def word(self, address: int) -> int:
        at = address - self._start
        if not 0 <= at <= len(self._data) - 8:
            self._start, self._data, at = address, self._memory.read_some(address, PIECE), 0
        try:
            return WORD.unpack_from(self._data, at)[0]
        except struct.error:
            raise BadRead("0x%x" % address)
