"""The several stacks of a thread of Go: where its frames go on (x86-64, Go 1.2 to 1.27).

A goroutine runs on its own stack. For systemstack and calls of C it changes to the stack of the
thread, and back again when C calls Go. Sources, in Go's repository: runtime/asm_amd64.s
(systemstack, asmcgocall, cgocallback), structs g and m: runtime/runtime2.go.
"""
import struct

from pmp_cfi import FP, OUTERMOST, SP, Rule
from pmp_memory import BadRead

OTHER, CALLER, CALLBACK = "other", "caller", "callback"  # kinds of cfi.Rule.stack
# A function with a frame that has set the stack pointer; one without a frame, whose return address
# is where the caller's frame ends; the return address of a goroutine that has left its stack.
SWITCH, FRAMELESS_SWITCH = Rule(FP, 16, -16, None, OTHER), Rule(FP, 16, -16, None, CALLER)
LEFT = Rule(SP, 8, None)
# asmcgocall stores g and the depth of its stack pointer in g's stack, or 0 and the stack pointer:
# offsets from its stack pointer since 1.20 and before.
STORED = ((8, 0), (48, 40))
STACK_END = 8  # of struct g: stack.hi
# Of struct g: m, and of sched: sp, pc, g, ctxt, ret (up to 1.24), lr, bp.
G_AT, SCHED_SP, G = 48, 56, struct.Struct("<8Q")
M_SIZE = 512  # bytes of struct m, which begins with m.g0, that have m.curg
TLS_SIZE = 512  # bytes of thread-local storage that are searched for the g that the thread runs
FRAME_MAX = 1 << 16  # bytes of the last frame of a goroutine that has left its stack


class GoStacks:
    """The stacks of one thread, leaf first."""

    def __init__(self, memory, thread_id: int, rule_of) -> None:
        """memory: a MemoryReader; thread_id: its fs base, 0: unknown; rule_of(return address): the
        cfi.Rule of the call before it, or None."""
        self._memory, self._thread_id, self._rule_of = memory, thread_id, rule_of
        self._callback_sp = 0  # of the last frame of cgocallback, on the stack of the thread

    def caller(self, rule: Rule, sp: int, fp: int) -> tuple:
        """(CFA, offset of the saved frame pointer) of a frame whose rule has a kind of stack.
        BadRead."""
        if rule.stack == CALLBACK:
            return self._after_callback(rule, sp)
        if rule.stack == CALLER:
            for end in self._ends(sp, fp):
                if self._is_end(end, fp):
                    return end + 8, None
        return fp + 16, -16  # the frame, or if it has none its caller's

    def _ends(self, sp: int, fp: int):
        """Yields the possible places of the return address of a function without a frame."""
        for g_at, left_at in STORED:
            try:
                g, left = self._memory.pointer(sp + g_at), self._memory.pointer(sp + left_at)
                yield self._memory.pointer(g + STACK_END) - left if g else left
            except BadRead:
                pass
        yield self._goroutine_sp(fp)

    def _is_end(self, end: int, fp: int) -> bool:
        """Is there a return address into the function with the frame pointer fp?"""
        try:
            rule = self._rule_of(self._memory.pointer(end))
        except BadRead:
            return False
        return (rule is not None and rule.base == SP and rule.saved_fp is not None
                and end + 8 + rule.offset + rule.saved_fp == fp)

    def _after_callback(self, rule: Rule, sp: int) -> tuple:
        """cgocallback has a frame on the goroutine's stack, and the same on that of the thread,
        which C has called. The latter has the stack pointer of the callback before."""
        before = self._rule_of(self._memory.pointer(sp + rule.offset - 8))
        if before is LEFT or before is OUTERMOST:
            last = self._callback_sp
            self._callback_sp = self._memory.pointer(last) if last else self._thread_sp()
            if self._callback_sp:
                sp = self._callback_sp
        return sp + rule.offset, rule.saved_fp

    def _goroutine_sp(self, fp: int) -> int:
        """The stack pointer at which the goroutine has left its stack, 0: unknown. fp: the frame
        pointer of its last frame."""
        m = self._m()
        for g in self._words(m, M_SIZE) if m else ():
            try:
                its_m, sp, _, its_g, *sched = G.unpack(self._memory.read(g + G_AT, G.size))
            except BadRead:
                continue
            if (its_m, its_g) == (m, g) and fp in sched[2:] and fp - FRAME_MAX < sp <= fp:
                return sp
        return 0

    def _thread_sp(self) -> int:
        """m.g0.sched.sp, 0: unknown."""
        m = self._m()
        return self._memory.pointer(self._memory.pointer(m) + SCHED_SP) if m else 0

    def _m(self) -> int:
        """The struct m of the thread, 0: unknown. Its g is right before the fs base, or if Go is a
        library somewhere before."""
        for g in reversed(self._words(self._thread_id - TLS_SIZE, TLS_SIZE)):
            try:
                m = self._memory.pointer(g + G_AT)
                if self._memory.pointer(self._memory.pointer(m) + G_AT) == m:
                    return m
            except BadRead:
                continue
        return 0

    def _words(self, start: int, size: int) -> tuple:
        """The words there, () if they cannot be read."""
        try:
            return struct.unpack("<%dQ" % (size // 8), self._memory.read(start, size))
        except BadRead:
            return ()
