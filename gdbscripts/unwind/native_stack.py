"""Native stacks: unwound while the target is stopped, named while it runs on (symbolizer.py)."""
import gdb

import pmp_registers as registers
from pmp_unwinder import FRAMES_MAX, Frame

GOOD_ENDS = (gdb.FRAME_UNWIND_NO_REASON, gdb.FRAME_UNWIND_OUTERMOST)
# Of these gdb makes frames where there are none: an inlined function's is its caller's, and one that has left by a tail
# call is not on the stack any more.
NOT_THERE = (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME)
CUT = "(More stack frames follow...)"


class Stack:
    """One thread's native frames (unwinder.Frame), leaf first."""
    __slots__ = ("frames", "stopped_by")

    def __init__(self, frames: list, stopped_by: str = "") -> None:
        self.frames = frames
        self.stopped_by = stopped_by  # what gdb says of it, if it does not end as it should

    @property
    def pointer(self) -> int:
        """Of the leaf."""
        return self.frames[0].sp if self.frames else 0

    @property
    def pointers(self) -> list:
        return [frame.sp for frame in self.frames]

    def covers(self, addr: int) -> bool:
        """Is it on this stack?"""
        return bool(self.frames) and self.frames[0].sp <= addr < self.frames[-1].sp


def walk(unwinder, memory, thread, regs: registers.Registers, by_gdb: bool) -> Stack:
    """The stack of a thread that is stopped. Without frames: gdb has to unwind it, and has no symbols for that (by_gdb)."""
    frames = unwinder.unwind(memory, regs)
    if frames:
        return Stack(frames, CUT if len(frames) == FRAMES_MAX else "")
    return _walk_by_gdb(thread) if by_gdb else Stack([], "Backtrace stopped: it needs symbols")


def _walk_by_gdb(thread) -> Stack:
    stack = Stack([])
    try:
        thread.switch()
        _walk(stack, gdb.newest_frame())
    except gdb.error as err:
        stack.stopped_by = str(err)
    return stack


def _walk(stack: Stack, frame) -> None:
    exact = True
    while frame is not None and len(stack.frames) < FRAMES_MAX:
        kind = frame.type()
        if kind not in NOT_THERE:
            signal = kind == gdb.SIGTRAMP_FRAME
            stack.frames.append(Frame(frame.pc(), int(frame.read_register("rsp")), exact, signal))
            exact = signal
        last, frame = frame, frame.older()
    if frame is not None:
        stack.stopped_by = CUT
    elif stack.frames and last.unwind_stop_reason() not in GOOD_ENDS:
        stack.stopped_by = "Backtrace stopped: " + gdb.frame_stop_reason_string(last.unwind_stop_reason())
