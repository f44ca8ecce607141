"""Native stacks: unwound while the target is stopped; named later, while it runs
(symbolizer.py)."""
import gdb

import pmp_registers as registers
from pmp_unwinder import WALK_MAX, Frame, without_middle

NORMAL_ENDS = (gdb.FRAME_UNWIND_NO_REASON, gdb.FRAME_UNWIND_OUTERMOST)
# Kinds of gdb's frames that have no stack frame of their own: an inlined function shares that of
# its caller, and a function that has left by a tail call is no longer on the stack.
VIRTUAL_FRAMES = (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME)
CUT = "(More stack frames follow...)"
GDB_WALK_MAX = 60000  # frames that gdb unwinds: 40 us each
# Frames in no code that gdb may find between two real ones. Where call frame information is missing
# and the function has pushed data (the cancellation point of musl, src/thread/x86_64/syscall_cp.s),
# it takes each word for a return address.
FALSE_FRAMES_MAX = 8


class Stack:
    """One thread's native frames (unwinder.Frame), leaf first; those of a deep stack have an
    unwinder.Gap."""
    __slots__ = ("frames", "stop_reason")

    def __init__(self, frames: list, stop_reason: str = "") -> None:
        self.frames = without_middle(frames)
        self.stop_reason = stop_reason  # gdb's text if the stack ends too early, else ""

    @property
    def leaf_sp(self) -> int:
        """The stack pointer of the leaf, 0 if there are no frames."""
        return self.frames[0].sp if self.frames else 0

    @property
    def frame_sps(self) -> list:
        """The stack pointer of each frame."""
        return [frame.sp for frame in self.frames]

    def contains(self, addr: int) -> bool:
        """Is the address on this stack?"""
        return bool(self.frames) and self.frames[0].sp <= addr < self.frames[-1].sp


def read_stack(unwinder, memory, thread, regs: registers.Registers, by_gdb: bool) -> Stack:
    """The Stack of a stopped thread. by_gdb: gdb has symbols, so it may unwind a stack that the
    unwinder cannot. Otherwise such a Stack has no frames."""
    frames = unwinder.unwind(memory, regs)
    if frames:
        return Stack(frames, CUT if len(frames) == WALK_MAX else "")
    if not by_gdb:
        return Stack([], "Backtrace stopped: it needs symbols")
    return _read_by_gdb(thread, unwinder.is_code)


def _read_by_gdb(thread, is_code) -> Stack:
    frames = []
    try:
        thread.switch()
        reason = _add_gdb_frames(frames, gdb.newest_frame(), is_code)
    except gdb.error as err:
        reason = str(err)
    return Stack(frames, reason)


def _add_gdb_frames(frames: list, frame, is_code) -> str:
    """Adds all frames; returns gdb's text if the stack ends too early. is_code: as
    Unwinder.is_code."""
    exact, false = True, 0
    while frame is not None and len(frames) < GDB_WALK_MAX:
        kind, signal = frame.type(), frame.type() == gdb.SIGTRAMP_FRAME
        if frames and not signal and not is_code(frame.pc() - (not exact)):
            false += 1
            if false > FALSE_FRAMES_MAX:
                return ""
        elif kind not in VIRTUAL_FRAMES:
            frames.append(Frame(frame.pc(), int(frame.read_register("rsp")), exact, signal))
            exact, false = signal, 0
        last, frame = frame, frame.older()
    if frame is not None:
        return CUT
    if frames and last.unwind_stop_reason() not in NORMAL_ENDS:
        reason = gdb.frame_stop_reason_string(last.unwind_stop_reason())
        return "Backtrace stopped: " + reason
    return ""
