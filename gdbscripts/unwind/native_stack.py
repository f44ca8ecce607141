"""One thread's native stack, unwound; its frames are named later, while the target runs
(symbolizer.py)."""
from pmp_unwinder import without_middle


class Stack:
    """One thread's native frames (unwinder.Frame), leaf first; those of a deep stack have an
    unwinder.Gap."""
    __slots__ = ("frames", "stop_reason")

    def __init__(self, frames: list, stop_reason: str = "") -> None:
        self.frames = without_middle(frames)
        self.stop_reason = stop_reason  # why the stack ends too early, else ""

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
