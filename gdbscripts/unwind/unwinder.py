"""Unwinds stacks by call frame information (cfi.py): a few microseconds a frame, where gdb takes
40.

gdb finds the same frames. So gdb unwinds every stack with a frame that has no rule: code without
call frame information, generated code that the perf map names (jit.py), a corrupt stack.

Other generated code (JIT) is unwound by the frame pointer: Node keeps it, and so does the
interpreter of a JVM. Compiled Java code uses the register for other data; then the next pair of a
frame pointer and a return address to generated code is searched for on the stack. So frames of a
run of generated code may be missing or be old ones. A stack ends where a pc is in no executable
mapping.
"""
import struct

from pmp_cfi import FP, OUTERMOST
from pmp_go_stacks import GoStacks
from pmp_memory import BadRead

FRAMES_MAX = 20000  # of one stack: the half nearest to the leaf, and the half nearest to the root
WALK_MAX = 500000  # frames that are visited; the root of a longer stack is not reached
PIECE = 1 << 14  # bytes of a stack that are read at once
RULES_MAX = 200000  # addresses whose rules are kept
FRAME_BYTES_MAX = 1 << 20  # of generated code
SEARCH_BYTES = 4096  # of a stack, for a frame pointer
WORD = struct.Struct("<Q")


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
        """code: a CodeMap; find_name: PerfMap.find, whose code is left to gdb."""
        self._code, self._find_name = code, find_name
        self.function_at = code.function_at
        self._rules = {}  # address -> cfi.Rule or None

    def clear(self) -> None:
        """Forgets all rules: libraries were loaded or unloaded."""
        self._rules.clear()

    def load_rules(self, pcs: list) -> None:
        """Reads the rules for return addresses that may be on stacks, before the target is
        stopped."""
        for pc in pcs:
            self._rule(pc - 1)

    def unwind(self, memory, registers):
        """[Frame], leaf first, up to the outermost one or WALK_MAX. None if gdb has to unwind the
        stack, or if the frame pointer or the thread id is needed and `registers` does not have it.

        memory: with read_some; registers: registers.Registers."""
        stack, frames = _StackMemory(memory, registers.sp), []
        go_stacks = GoStacks(memory, registers.thread_id, self._call_rule)
        pc, sp, fp, exact = registers.pc, registers.sp, registers.fp, True
        is_guess = saw_generated = False  # is_guess: a frame had no rule
        try:
            while pc and len(frames) < WALK_MAX:
                rule = self._rule(pc if exact else pc - 1)
                if fp is None and (rule is None or rule.base == FP):
                    return None
                if rule is None:
                    if frames and not self.is_code(pc - 1):
                        break
                    if self._find_name(pc) is not None or not self.is_code(pc):
                        return None
                    is_guess = True
                    saw_generated |= self._code.is_generated(pc)
                    frames.append(Frame(pc, sp, exact, False))
                    sp, pc, fp, exact = self._caller_by_frame_pointer(stack, sp, fp) + (False,)
                    continue
                frames.append(Frame(pc, sp, exact, rule.signal is not None))
                if rule is OUTERMOST:
                    break
                caller = _caller(rule, stack, go_stacks, sp, fp)
                if caller is None:
                    break
                sp, pc, fp = caller
                exact = rule.signal is not None
        except BadRead:
            return frames if saw_generated else None
        return frames if frames and saw_generated >= is_guess else None

    def _call_rule(self, pc: int):
        """The Rule of the call before a return address, None if there is none."""
        return self._rule(pc - 1) if self.is_code(pc - 1) else None

    def is_code(self, address: int) -> bool:
        """Is the address in an executable mapping?"""
        return self._code.is_code(address) or self._code.is_generated(address)

    def _caller_by_frame_pointer(self, stack, sp: int, fp: int) -> tuple:
        """(sp, pc, fp) of the caller. BadRead if no frame pointer is found."""
        if not self._is_frame_pointer(stack, sp, fp):
            fp = next((at for at in range(sp, sp + SEARCH_BYTES, 8)
                       if self._code.is_generated(stack.word(at + 8))
                       and self._is_frame_pointer(stack, at + 8, stack.word(at))), 0)
        if not fp:
            raise BadRead("no frame pointer")
        return fp + 16, stack.word(fp + 8), stack.word(fp)

    def _is_frame_pointer(self, stack, sp: int, fp: int) -> bool:
        """Is a return address above the word that fp points to?"""
        return (sp <= fp < sp + FRAME_BYTES_MAX and not fp % 8
                and self.is_code(stack.word(fp + 8)))

    def _rule(self, address: int):
        if address not in self._rules:
            if len(self._rules) >= RULES_MAX:
                self._rules.clear()
            self._rules[address] = self._code.rule_at(address)
        return self._rules[address]


def _caller(rule, stack, go_stacks, sp: int, fp: int):
    """(sp, pc, fp) of the caller of a frame with a rule, None if it has none. BadRead."""
    if rule.signal is not None:
        return tuple(stack.word(sp + at) for at in rule.signal)
    if rule.stack is not None:
        return go_stacks.caller(rule, sp, fp)
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
        self._data = memory.read_some(start, PIECE)

    def word(self, address: int) -> int:
        at = address - self._start
        if not 0 <= at <= len(self._data) - 8:
            self._start, self._data, at = address, self._memory.read_some(address, PIECE), 0
        try:
            return WORD.unpack_from(self._data, at)[0]
        except struct.error:
            raise BadRead("0x%x" % address)
