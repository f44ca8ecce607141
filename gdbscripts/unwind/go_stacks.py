"""The several stacks of a thread of Go: where its frames go on (x86-64, Go 1.2 to 1.27).

A goroutine runs on its own stack. For systemstack and calls of C it changes to the stack of the
thread, and back again when C calls Go. Sources, in Go's repository: runtime/asm_amd64.s
(systemstack, asmcgocall, cgocallback), structs g and m: runtime/runtime2.go.
"""
import struct

from pmp_cfi import FP, OUTERMOST, SP, Rule
from pmp_memory import BadRead

# Kinds of cfi.Rule.stack: a function with a frame that has set the stack pointer; one without a
# frame, whose return address is where the caller's frame ends; C calls Go; the thread waits for its
# own goroutine (LockOSThread, calls from C); the thread leaves a goroutine.
OTHER, CALLER, CALLBACK, LOCKED, LEAVES = "other", "caller", "callback", "locked", "leaves"
FRAMELESS_SWITCH = Rule(FP, 16, -16, None, CALLER)
LEAVE = Rule(SP, 8, None, None, LEAVES)
LEFT = Rule(SP, 8, None)  # the return address of a goroutine that has left its stack
# asmcgocall stores g and the depth of its stack pointer in g's stack, or 0 and the stack pointer:
# offsets from its new stack pointer in Go 1.24 and in 1.19.
STORED = ((8, 0), (48, 40))
STACK_END = 8  # of struct g: stack.hi
# Of struct g: m, and of sched: sp, pc, g, ctxt, ret (up to 1.24), lr, bp.
G_AT, SCHED_SP, G = 48, 56, struct.Struct("<8Q")
M_SIZE = 1024  # bytes of struct m, which begins with m.g0, that have m.curg and m.lockedg
TLS_SIZE = 512  # bytes of thread-local storage that are searched for the g that the thread runs
ADDRESS_MIN = 4096
CHANGES_MAX = 1000  # of the stack of one thread; each costs some 100 reads of memory


class GoStacks:
    """The stacks of one thread, leaf first."""

    def __init__(self, memory, thread_id: int, rule_of) -> None:
        """memory: a MemoryReader; thread_id: its fs base, 0: unknown; rule_of(return address): the
        cfi.Rule of the call before it, or None."""
        self._memory, self._thread_id, self._rule_of = memory, thread_id, rule_of
        self._changes = 0
        self._is_locked = False  # the thread waits for its own goroutine
        self._callback_sp = 0  # of the last frame of cgocallback, on the stack of the thread

    def caller(self, rule: Rule, sp: int, fp: int):
        """(CFA, pc, fp) of the caller of a frame whose rule has a kind of stack, None if it has
        none. BadRead."""
        self._changes += 1
        if self._changes > CHANGES_MAX:
            raise BadRead("%d changes of the stack" % self._changes)
        if rule.stack == LEAVES:
            return self._locked_goroutine() if self._is_locked or self._thread_id else None
        self._is_locked |= rule.stack == LOCKED
        if rule.stack == CALLBACK:
            sp = self._before_callback(rule, sp)
        if rule.base == SP:
            cfa = sp + rule.offset
        else:
            cfa = fp + 16  # of the frame, or if it has none of its caller
            if rule.stack == OTHER and self._rule_of(self._memory.pointer(fp + 8)) is None:
                cfa = fp + rule.offset  # up to Go 1.16 the register has the stack pointer
            for end, its_fp in self._ends(sp, fp) if rule.stack == CALLER else ():
                if self._is_end(end, its_fp):
                    return end + 8, self._memory.pointer(end), its_fp
        if rule.saved_fp is not None:
            fp = self._memory.pointer(cfa + rule.saved_fp)
        return cfa, self._memory.pointer(cfa - 8), fp

    def _ends(self, sp: int, fp: int):
        """Yields (place of the return address, frame pointer of the caller) that may be those of a
        function without a frame. If the goroutine's stack has moved, `fp` is an old one."""
        for g_at, left_at in STORED:
            try:
                g, left = self._memory.pointer(sp + g_at), self._memory.pointer(sp + left_at)
                yield (self._memory.pointer(g + STACK_END) - left if g else left), fp
            except BadRead:
                pass
        for its_sp, _, fps in self._goroutines(self._m()):
            yield from ((its_sp, its_fp) for its_fp in fps)

    def _is_end(self, end: int, fp: int) -> bool:
        """Is there a return address into the function with the frame pointer fp?"""
        try:
            rule = self._rule_of(self._memory.pointer(end))
        except BadRead:
            return False
        return (rule is not None and rule.base == SP and rule.saved_fp is not None
                and end + 8 + rule.offset + rule.saved_fp == fp)

    def _before_callback(self, rule: Rule, sp: int) -> int:
        """The stack pointer of cgocallback on the stack of the thread. It has the same frame there
        and on the goroutine's stack; the former has the stack pointer of the callback before."""
        before = self._rule_of(self._memory.pointer(sp + rule.offset - 8))
        if before is not LEFT and before is not OUTERMOST:
            return sp  # the goroutine's stack is not in use yet
        last = self._callback_sp
        self._callback_sp = self._memory.pointer(last) if last else self._thread_sp()
        return self._callback_sp or sp

    def _locked_goroutine(self):
        """As caller, for the goroutine that the thread waits for; None if it is not found."""
        self._is_locked = False
        for sp, pc, fps in self._goroutines(0):
            rule = self._rule_of(pc)
            if rule is not None and rule.base == SP:
                return sp, pc, fps[1] or fps[0]
        return None

    def _goroutines(self, its_m: int):
        """Yields (sp, pc, [lr, bp] before Go 1.25, else [bp, another word]), stored in sched, of
        the goroutines that struct m knows and that run on this m, 0: on none. BadRead."""
        m = self._m()
        for g in self._pointers(m + 8, M_SIZE) if m else ():  # after m.g0
            try:
                on_m, sp, pc, its_g, _, _, *fps = G.unpack(self._memory.read(g + G_AT, G.size))
            except BadRead:
                continue
            if (on_m, its_g) == (its_m, g):
                yield sp, pc, fps

    def _thread_sp(self) -> int:
        """m.g0.sched.sp, 0: unknown."""
        m = self._m()
        return self._memory.pointer(self._memory.pointer(m) + SCHED_SP) if m else 0

    def _m(self) -> int:
        """The struct m of the thread, 0: unknown. Its g is right before the fs base, or if Go is a
        library somewhere before. BadRead: the fs base is not known."""
        if not self._thread_id:
            raise BadRead("no fs base")
        for g in reversed(self._pointers(self._thread_id - TLS_SIZE, TLS_SIZE)):
            try:
                m = self._memory.pointer(g + G_AT)
                if self._memory.pointer(self._memory.pointer(m) + G_AT) == m:
                    return m
            except BadRead:
                continue
        return 0

    def _pointers(self, start: int, size: int) -> list:
        """The words there that may be addresses, [] if they cannot be read."""
        try:
            words = struct.unpack("<%dQ" % (size // 8), self._memory.read(start, size))
        except BadRead:
            return []
        return [word for word in words if word >= ADDRESS_MIN and not word & 7]
