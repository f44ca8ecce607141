"""An unwinder for gdb for generated (JIT) code, which has no call frame information (x86-64).

gdb stops at such a frame, or guesses. For code that the perf map names (perf_map.py), this
unwinder:

- looks for the function's epilogue after the pc: `add $N,%rsp`, `pop`, then `ret`. This is how the
  trampolines of python -X perf end (Python/asm_trampoline.S).
- otherwise, and for generated code that the map does not name, uses the frame pointer, which JIT
  compilers keep for profilers (Node always, Java with -XX:+PreserveFramePointer). In the first
  instructions of a function it is still the caller's.

The result is checked: the stack pointer moves up by less than FRAME_BYTES_MAX, and the return
address is in generated code or in code of a file. Otherwise gdb has to unwind the frame.
"""
import struct

import gdb
from gdb.unwinder import Unwinder, register_unwinder

from pmp_perf_map import JitFunction

FRAME_BYTES_MAX = 1 << 20
EPILOGUE_BYTES = 32  # bytes of code that are searched for the epilogue
PUSH_RBP = b"\x55"
ENDBR64 = b"\xf3\x0f\x1e\xfa"
MOV_RSP_RBP = (b"\x48\x89\xe5", b"\x48\x8b\xec")
NO_PROLOGUE = 8  # bytes before a pc without a name, which are not decoded
UNCHANGED = ("rbx", "r12", "r13", "r14", "r15")  # callee-saved besides rbp (System V ABI, x86-64)


def epilogue(code: bytes):
    """Decodes `code` as an epilogue. Returns (bytes from the stack pointer to the return address,
    bytes to the saved rbp or None); None if it is no epilogue."""
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
        elif code[at:at + 2] in (b"\x41\x5c", b"\x41\x5d", b"\x41\x5e", b"\x41\x5f"):
            depth += 8  # pop of r12 to r15
            at += 2
        elif code[at] == 0xc3:  # ret
            return (depth, rbp) if depth >= 0 else None
        else:
            return None
    return None


def prologue(code: bytes, offset: int):
    """The bytes from the stack pointer to the return address at `offset` of a function that begins
    with `code`, if rbp is still the caller's there; else None."""
    at = 4 if code.startswith(ENDBR64) else 0
    if offset <= at:
        return 0
    if code[at:at + 1] == PUSH_RBP and offset == at + 1 and code[at + 1:at + 4] in MOV_RSP_RBP:
        return 8
    return None


class FrameId:
    """The identity of a frame for gdb (gdb.unwinder)."""

    def __init__(self, sp: int, pc: int) -> None:
        self.sp = sp
        self.pc = pc


class JitUnwinder(Unwinder):
    """gdb calls it with a gdb.PendingFrame; it returns gdb.UnwindInfo, or None for other code."""

    def __init__(self, perf_map, is_code, is_generated) -> None:
        """perf_map: a PerfMap; is_code, is_generated: of Unwinder and CodeMap."""
        super().__init__("pmp-jit")
        self._map = perf_map
        self._is_code, self._is_generated = is_code, is_generated

    def __call__(self, frame):
        pc = frame.read_register("rip")
        code = self._map.find(int(pc))
        if code is None and self._is_generated(int(pc)):
            code = JitFunction(int(pc) - NO_PROLOGUE, int(pc), "")
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
        if not self._is_code(back):
            return None
        caller_rbp = gdb.Value(_word(rbp_at)).cast(rbp.type) if rbp_at else rbp
        unwound = frame.create_unwind_info(FrameId(gdb.Value(where + 16), gdb.Value(code.start)))
        unwound.add_saved_register("rip", gdb.Value(back).cast(pc.type))
        unwound.add_saved_register("rsp", gdb.Value(where + 8).cast(sp.type))
        unwound.add_saved_register("rbp", caller_rbp)
        for name in UNCHANGED:
            unwound.add_saved_register(name, frame.read_register(name))
        return unwound

    def _return_address(self, pc: int, sp: int, rbp: int, code) -> tuple:
        """(address of the return address, address of the caller's rbp; 0: it is in the
        register)."""
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
    """Replaces the Python function that gdb calls for each frame: without unwinders the call only
    costs time, a tenth of a stack."""
    gdb._execute_unwinders = lambda _frame: None


def install_unwinder(perf_map, is_code, is_generated) -> None:
    """Restores gdb's function and registers a JitUnwinder."""
    gdb._execute_unwinders = _execute_unwinders
    register_unwinder(None, JitUnwinder(perf_map, is_code, is_generated), replace=True)
