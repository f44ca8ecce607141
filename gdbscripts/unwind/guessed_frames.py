"""Callers of frames without call frame information (x86-64): generated (JIT) code, assembly, code
that was built without it. In this order:

- The instructions at the pc tell how far the return address is: the rest of an epilogue (`add
  $N,%rsp`, `pop`, `ret`; so end the trampolines of python -X perf, Python/asm_trampoline.S), the
  first instructions of a function, an entry of a procedure linkage table.
- Generated code: the frame pointer, which JIT compilers keep for profilers (Node always, Java with
  -XX:+PreserveFramePointer). Compiled Java code uses the register for other data; then the next
  pair of a frame pointer and a return address on the stack.
- Code of files: the frame pointer if the function begins by setting it (function_starts.py); else
  the word on the stack that points behind a call of this function, or else behind an indirect call
  or one through a procedure linkage table.

So frames may be missing there, or be old ones.
"""
import re
import struct

from pmp_instructions import DISTANCE
from pmp_memory import BadRead

FRAME_BYTES_MAX = 1 << 20
SEARCH_BYTES = 1 << 14  # of a stack
EPILOGUE_BYTES = 32  # bytes of code that are searched for the epilogue
TARGETS_MAX = 100000  # addresses that are kept
PUSH_RBP = b"\x55"
MOV_RSP_RBP = (b"\x48\x89\xe5", b"\x48\x8b\xec")
CALL_BYTES = 7  # of the longest instruction that calls, without prefixes
CALL_NEAR, CALL_INDIRECT = 0xe8, 0xff  # Intel SDM, volume 2: CALL; the latter with /2
UNKNOWN = 0  # the target of an indirect call, also of one through a procedure linkage table
# mov $15 (rt_sigreturn),%eax or %rax; syscall: a C library's signal trampoline.
SIGRETURN = re.compile(rb"(?:\xb8|\x48\xc7\xc0)\x0f\0\0\0\x0f\x05")
JUMP_TO_OTHER = re.compile(rb"(?:\xf3\x0f\x1e\xfa)?\xf2?\xff\x25")  # jmp *N(%rip)
JUMP, JUMP_BYTES = re.compile(rb"\xe9(?=(....))....", re.S), 64
PROLOGUE_BYTES = 48
# Instructions of a prologue: push; at the end sub $N,%rsp; and what compilers mix in: those that
# only change other registers (Intel SDM, volume 2). _B: a prefix for r8 to r15.
_B, _ALU = rb"[\x41\x43\x45\x47\x49\x4b\x4d\x4f]", rb"[\x01\x09\x21\x29\x31\x39\x85\x89]"
_NOT_SP = rb"[\xc0-\xff](?<![\xc4\xcc\xd4\xdc\xe4\xec\xf4\xfc])"  # the operand
STEP = re.compile(b"|".join((
    rb"(\x41?[\x50-\x57])", rb"\x48\x83\xec([\0-\x7f])", rb"\x48\x81\xec(...[\0-\x7f])",
    rb"\xf3\x0f\x1e\xfa",  # endbr64
    rb"[\x48\x49][\xb8-\xbf]........", rb"[\x41\x44\x45]?[\xb8-\xbf]....",  # mov $N
    # add, or, and, sub, xor, cmp, test, mov; the first ones and shifts with $N.
    _B + _ALU + rb"[\xc0-\xff]", _B + rb"[\x83\xc1][\xc0-\xff].",
    rb"[\x40\x44\x48\x4c]?" + _ALU + _NOT_SP, rb"[\x40\x44\x48\x4c]?[\x83\xc1]" + _NOT_SP + b".",
    # mov from, imul, movzx, movsx; mul, neg, not.
    rb"[\x40-\x4f]?\x8b[\xc0-\xdf\xe8-\xff]", rb"[\x40-\x4f]?\x0f[\xaf\xb6\xb7\xbe\xbf][\xc0-\xff]",
    rb"[\x40-\x4f]?\xf7[\xd0-\xff]",
    # lea N(%rsp), N(%rip)
    rb"[\x48\x4c]\x8d[\x44\x4c\x54\x5c\x6c\x74\x7c]\x24.",
    rb"[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]....")), re.S)
BYTES_BEFORE = 6
# (code before the pc, code from it on, bytes from the stack pointer to the return address, and to
# the saved rbp): push %rbp; mov %rsp,%rbp. ret. In a procedure linkage table: push $N; jmp .plt,
# which does push N(%rip); jmp *N(%rip), as other entries do.
PLACES = [(re.compile(before + rb"\Z", re.S), re.compile(rb"(?:\xf3\x0f\x1e\xfa)?" + code, re.S),
           depth, fp_at) for before, code, depth, fp_at in (
    (b"", rb"\x55\x48(?:\x89\xe5|\x8b\xec)", 0, None),
    (rb"\x55", rb"\x48(?:\x89\xe5|\x8b\xec)", 8, 0),
    (b"", rb"[\xf2\xf3]?[\xc2\xc3]", 0, None),
    (b"", rb"\x68....\xf2?\xe9", 0, None), (rb"\x68....", rb"\xf2?\xe9", 8, None),
    (b"", rb"\xff\x35....\xf2?\xff\x25", 8, None), (rb"\xff\x35....", rb"\xf2?\xff\x25", 16, None),
    (b"", rb"\xf2?\xff\x25", 0, None))]


def epilogue(code: bytes):
    """Decodes `code` as an epilogue. Returns (bytes from the stack pointer to the return address,
    bytes to the saved rbp or None); None if it is no epilogue."""
    depth, rbp, at = 0, None, 0
    while at < len(code):
        if code[at:at + 3] == b"\x48\x83\xc4" and at + 3 < len(code):  # add $imm8,%rsp
            depth += struct.unpack_from("<b", code, at + 3)[0]
            at += 4
        elif code[at:at + 3] == b"\x48\x81\xc4" and at + 7 <= len(code):  # add $imm32,%rsp
            depth += DISTANCE.unpack_from(code, at + 3)[0]
            at += 7
        elif 0x58 <= code[at] <= 0x5f and code[at] != 0x5c:  # pop; 5c is rsp
            rbp = depth if code[at] == 0x5d else rbp
            depth += 8
            at += 1
        elif code[at:at + 2] in (b"\x41\x5c", b"\x41\x5d", b"\x41\x5e", b"\x41\x5f"):
            depth += 8  # pop of r12 to r15
            at += 2
        elif code[at] == 0xc3:  # ret
            return (depth, rbp) if depth >= 0 else None
        else:
            return None
    return None


class Prologue:
    """The instructions at the begin of a function that have been executed, as far as they are
    decoded. size: their bytes; depth: from the stack pointer behind them to the return address;
    fp_at: from the saved rbp to the return address, None: it is not saved; sets_fp: the frame
    pointer is set."""
    __slots__ = ("size", "depth", "fp_at", "sets_fp")

    def __init__(self, code: bytes) -> None:
        """code: of the function, up to the pc."""
        self.size, self.depth, self.fp_at, self.sets_fp = 0, 0, None, False
        step = STEP.match(code)
        while step:
            pushed, less, much = step.groups()
            less = less or much
            if pushed:
                self.depth += 8
            if pushed == PUSH_RBP:
                self.fp_at = self.depth
            self.depth += int.from_bytes(less or b"", "little")
            self.size = step.end()
            step = STEP.match(code, self.size) if not less else None
        # Compilers mix these two with other instructions.
        self.sets_fp = any(PUSH_RBP in code[:max(code.find(move), 0)] for move in MOV_RSP_RBP)


class GuessedFrames:
    """Finds the callers of one process's frames that have no rule."""

    def __init__(self, code, find_name) -> None:
        """code: a CodeMap; find_name: PerfMap.find."""
        self._code, self._find_name = code, find_name
        self._targets = {}  # return address -> target of the call before it, as _target

    def clear(self) -> None:
        """Forgets what is known of the code."""
        self._targets.clear()

    def is_signal(self, address: int) -> bool:
        """Is the address, or the next one, in a signal trampoline? If so, the pc behind it is."""
        file = self._code.file_at(address)
        try:
            return file is not None and any(
                SIGRETURN.match(file.read(address - file.bias + at, 9)) for at in (1, 0, -5, -7))
        except (BadRead, OSError):
            return False

    def caller(self, memory, stack, frame, fp: int):
        """(sp, pc, fp) of the caller of a frame; None if it has none. memory: with read_some;
        stack: with word. BadRead if none is found."""
        sp, pc = frame.sp, frame.pc
        if not self.is_code(frame.address):  # a call that led nowhere
            found = sp + 8, stack.word(sp), fp
            if self._is_return(memory, found[1]):
                return found
        start = self._start(pc)
        found = self._by_code(memory, stack, frame, fp, start)
        if found is not None:
            return found
        if self._code.is_generated(pc):
            return self._of_generated(memory, stack, sp, fp)
        return _Search(self, memory, stack, frame, fp, start).caller()

    def _start(self, pc: int) -> int:
        """Where the function begins, 0: unknown."""
        function = self._find_name(pc)
        return function.start if function is not None else self._code.function_start(pc)

    def _by_code(self, memory, stack, frame, fp: int, start: int):
        """As caller, by the instructions at the pc; None if they tell nothing."""
        for depth, fp_at in self._depths(memory, frame, start):
            back = stack.word(frame.sp + depth)
            if depth < FRAME_BYTES_MAX and (not back or self.is_code(back)):
                fp = fp if fp_at is None else stack.word(frame.sp + fp_at)
                return frame.sp + depth + 8, back, fp
        return None

    def _depths(self, memory, frame, start: int):
        """Yields (bytes from the stack pointer to the return address, and to the saved rbp or
        None)."""
        pc = frame.pc
        try:
            code = memory.read_some(pc, EPILOGUE_BYTES)
            if frame.exact:
                begin = self.prologue(memory, start, pc)
                if begin is not None and begin.size == pc - start:
                    yield begin.depth, begin.depth - begin.fp_at if begin.fp_at else None
                before = memory.read_some(pc - BYTES_BEFORE, BYTES_BEFORE)
                yield from ((depth, fp_at) for its_before, its_code, depth, fp_at in PLACES
                            if its_code.match(code) and its_before.search(before))
        except BadRead:
            return
        found = epilogue(code)
        if found is not None:
            yield found

    @staticmethod
    def prologue(memory, start: int, pc: int):
        """The Prologue of a function that was executed before the pc; None: it is not known."""
        try:
            size = min(pc - start, PROLOGUE_BYTES)
            return Prologue(memory.read_some(start, size) if size else b"") if start else None
        except BadRead:
            return None

    def _of_generated(self, memory, stack, sp: int, fp: int) -> tuple:
        """As caller, for generated code: by the frame pointer or the next one."""
        if self.is_frame_pointer(memory, stack, sp, fp):
            return fp + 16, stack.word(fp + 8), stack.word(fp)
        for at in range(sp, sp + SEARCH_BYTES, 8):
            if (self._code.is_generated(stack.word(at + 8))
                    and self.is_frame_pointer(memory, stack, at + 8, stack.word(at))):
                return at + 16, stack.word(at + 8), stack.word(at)
        raise BadRead("no frame pointer")

    def is_frame_pointer(self, memory, stack, sp: int, fp: int) -> bool:
        """Is a return address above the word that fp points to?"""
        try:
            return (sp <= fp < sp + FRAME_BYTES_MAX and not fp % 8
                    and self._is_return(memory, stack.word(fp + 8)))
        except BadRead:
            return False

    def is_code(self, address: int) -> bool:
        """Is the address in an executable mapping?"""
        return self._code.is_code(address) or self._code.is_generated(address)

    def _is_return(self, memory, address: int) -> bool:
        """Can it be a return address? In code of a file, the instruction before it is a call."""
        return self._code.is_generated(address) or self.target(memory, address) is not None

    def target(self, memory, address: int):
        """Which function is called right before an address in code of a file: its start, UNKNOWN,
        None if there is no call."""
        if address not in self._targets:
            if not self._code.is_code(address - 1):
                return None
            if len(self._targets) >= TARGETS_MAX:
                self._targets.clear()
            try:
                self._targets[address] = self._read_target(memory, address)
            except BadRead:
                self._targets[address] = None
        return self._targets[address]

    def _read_target(self, memory, address: int):
        code = memory.read_some(address - CALL_BYTES, CALL_BYTES + 9)
        if code[CALL_BYTES - 5] == CALL_NEAR:
            called = address + DISTANCE.unpack_from(code, CALL_BYTES - 4)[0]
            if self.is_code(called):
                is_jump = JUMP_TO_OTHER.match(memory.read_some(called, 16))
                return UNKNOWN if is_jump else called
        if any(code[at] == CALL_INDIRECT and at + _indirect_size(*code[at + 1:at + 3]) == CALL_BYTES
               for at in range(CALL_BYTES - 1)):
            return UNKNOWN
        return UNKNOWN if SIGRETURN.match(code, CALL_BYTES) else None


def _indirect_size(modrm: int, sib: int) -> int:
    """The bytes of an instruction `ff` with these operand bytes, 0: it does not call (Intel SDM,
    volume 2, 2.1.3)."""
    mod, register, rm = modrm >> 6, modrm >> 3 & 7, modrm & 7
    if register != 2:
        return 0
    has_sib = rm == 4 and mod != 3
    wide = mod == 2 or mod == 0 and (sib & 7 if has_sib else rm) == 5
    return 2 + has_sib + (4 if wide else mod == 1)


class _Search:
    """The search for the return address of one frame in code of a file."""

    def __init__(self, guessed, memory, stack, frame, fp: int, start: int) -> None:
        """guessed: the GuessedFrames; start: of the function, 0: unknown."""
        self._guessed, self._memory, self._stack = guessed, memory, stack
        self._frame, self._fp, self._start = frame, fp, start
        self._begin = guessed.prologue(memory, start, frame.pc)
        # The place of the return address if fp is the function's own; 0: it is none.
        self._fp_at = fp + 8 if guessed.is_frame_pointer(memory, stack, frame.sp, fp) else 0

    def caller(self):
        """As GuessedFrames.caller."""
        at, begin = self._fp_at, self._begin
        if not at or not begin or not begin.sets_fp:
            at = self._best(list(self._candidates()))
        if not at:
            if not self._fp and not self._frame.exact:
                return None  # the first function of a program or of a thread sets it to 0
            raise BadRead("no return address")
        fp = self._fp
        if at == self._fp_at and not (begin and begin.fp_at and not begin.sets_fp):
            fp = self._stack.word(fp)
        elif begin and begin.fp_at:
            fp = self._stack.word(at - begin.fp_at)
        return at + 8, self._stack.word(at), fp

    def _candidates(self):
        """Yields (place on the stack, target of the call) of each return address, up to that of the
        frame pointer."""
        sp = self._frame.sp
        for at in range(sp, self._fp_at + 8 if self._fp_at else sp + SEARCH_BYTES, 8):
            try:
                target = self._guessed.target(self._memory, self._stack.word(at))
            except BadRead:
                return  # the end of the stack
            if target is not None:
                yield at, target
                if target == self._start != UNKNOWN:
                    return

    def _best(self, found: list) -> int:
        """The place that is most likely, 0: none. found: list of _candidates."""
        if self._begin and self._begin.depth:
            at = self._frame.sp + self._begin.depth
            if (at, UNKNOWN) in found or (at, self._start) in found:
                return at
        if found and found[-1][1] == self._start != UNKNOWN:
            return found[-1][0]
        fits = [at for at, target in found if target == UNKNOWN or self._jumps_here(target)]
        return (fits or [at for at in [self._fp_at] + [at for at, _ in found] if at] or [0])[0]

    def _jumps_here(self, other: int) -> bool:
        """Does a short function jump to this one?"""
        try:
            code = self._memory.read_some(other, JUMP_BYTES)
        except BadRead:
            return False
        return any(other + jump.end() + DISTANCE.unpack(jump.group(1))[0] == self._start
                   for jump in JUMP.finditer(code))
