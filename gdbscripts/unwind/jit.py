"""Unwinds frames of code that the target made as it ran (JIT), of which no file tells how: x86-64.

gdb stops at such a frame, or guesses. Where perf_map.py knows the code, this does it:

- At a return address the frame's end is often in sight: `add $N,%rsp`, `pop`, `leave`, then `ret`. That is
  how the trampolines of python -X perf end (Python/asm_trampoline.S).
- Else by the frame pointer, which JIT compilers keep for profilers' sake (Node always, Java with
  -XX:+PreserveFramePointer): right at a function's first instructions it is still the caller's.

What comes out must make sense: a stack pointer that moves up by less than FRAME_BYTES_MAX, a return address
in executable memory. Otherwise the frame is left to gdb.
"""
import struct

import gdb
from gdb.unwinder import Unwinder, register_unwinder

FRAME_BYTES_MAX = 1 << 20
EPILOGUE_BYTES = 32  # of code looked at for a frame's end
PUSH_RBP = b"\x55"
ENDBR64 = b"\xf3\x0f\x1e\xfa"
MOV_RSP_RBP = (b"\x48\x89\xe5", b"\x48\x8b\xec")
UNCHANGED = ("rbx", "r12", "r13", "r14", "r15")  # callee-saved besides rbp (System V ABI, x86-64)


def epilogue(code: bytes):
    """(bytes from the stack pointer to the return address, those to the saved rbp or None) of code that leaves
    its frame at once; None if it does not."""
    depth, rbp, at = 0, None, 0
    while at < len(code):
        if code[at:at + 3] == b"\x48\x83\xc4" and at + 3 < len(code):  # add $imm8,%rsp
            depth += struct.unpack_from("<b", code, at + 3)[0]
            at += 4
        elif code[at:at + 3] == b"\x48\x81\xc4" and at + 7 <= len(code):  # add $imm32,%rsp
            depth += struct.unpack_from("<i", code, at + 3)[0]
            at += 7
        elif 0x58 <= code[at] <= 0x5f and code[at] != 0x5c:  # pop; 5c is rsp
            rbp = depth if code[at] == 0x5d else rbp
            depth += 8
            at += 1
        elif code[at:at + 2] == b"\x41\x5c" or code[at:at + 2] in (b"\x41\x5d", b"\x41\x5e", b"\x41\x5f"):
            depth += 8  # pop of r12 to r15
            at += 2
        elif code[at] == 0xc3:
            return (depth, rbp) if depth >= 0 else None
        else:
            return None
    return None


def prologue(code: bytes, offset: int):
    """Is rbp still the caller's at `offset` of a function that begins with `code`? Then the bytes from the stack
    pointer to the return address; else None."""
    at = 4 if code.startswith(ENDBR64) else 0
    if offset <= at:
        return 0
    if code[at:at + 1] == PUSH_RBP and offset == at + 1 and code[at + 1:at + 4] in MOV_RSP_RBP:
        return 8
    return None


class FrameId:
    """What gdb tells frames apart by."""

    def __init__(self, sp: int, pc: int) -> None:
        self.sp = sp
        self.pc = pc


class JitUnwinder(Unwinder):
    def __init__(self, perf_map, is_code) -> None:
        """is_code(pc): is that in a file's code?"""
        super().__init__("pmp-jit")
        self._map = perf_map
        self._is_code = is_code

    def __call__(self, frame):
        pc = frame.read_register("rip")
        code = self._map.find(int(pc))
        if code is None:
            return None
        try:
            return self._unwind(frame, pc, code)
        except gdb.MemoryError:
            return None

    def _unwind(self, frame, pc, code):
        sp, rbp = frame.read_register("rsp"), frame.read_register("rbp")
        where, rbp_at = self._return_address(int(pc), int(sp), int(rbp), code)
        back = _word(where)
        if not 0 <= where - int(sp) < FRAME_BYTES_MAX:
            return None
        if not self._map.find(back) and not self._is_code(back):
            return None
        unwound = frame.create_unwind_info(FrameId(gdb.Value(where + 16), gdb.Value(code.start)))
        unwound.add_saved_register("rip", gdb.Value(back).cast(pc.type))
        unwound.add_saved_register("rsp", gdb.Value(where + 8).cast(sp.type))
        unwound.add_saved_register("rbp", gdb.Value(_word(rbp_at)).cast(rbp.type) if rbp_at else rbp)
        for name in UNCHANGED:
            unwound.add_saved_register(name, frame.read_register(name))
        return unwound

    def _return_address(self, pc: int, sp: int, rbp: int, code) -> tuple:
        """(where the return address is, where the caller's rbp is or 0: it's in place)."""
        found = prologue(_bytes(code.start, min(8, code.end - code.start)), pc - code.start)
        if found is not None:
            return sp + found, sp if found else 0
        found = epilogue(_bytes(pc, min(EPILOGUE_BYTES, code.end - pc)))
        if found is not None:
            depth, rbp_depth = found
            return sp + depth, 0 if rbp_depth is None else sp + rbp_depth
        return rbp + 8, rbp


def _bytes(addr: int, size: int) -> bytes:
    return bytes(gdb.selected_inferior().read_memory(addr, size))


def _word(addr: int) -> int:
    return struct.unpack("<Q", _bytes(addr, 8))[0]


_execute_unwinders = gdb._execute_unwinders


def disable_unwinders() -> None:
    """gdb calls into Python for each frame to ask for unwinders; there are none, and it costs a tenth of a walk."""
    gdb._execute_unwinders = lambda _frame: None


def install_unwinder(perf_map, is_code) -> None:
    """From now on this unwinder is asked."""
    gdb._execute_unwinders = _execute_unwinders
    register_unwinder(None, JitUnwinder(perf_map, is_code), replace=True)
