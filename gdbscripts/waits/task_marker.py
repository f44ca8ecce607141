"""One task of asyncio, or one greenlet, as `task` and `await` markers (merger/parse/marker.h)."""
from pmp_markers import marker, one_line

FRAMES_MAX = 200  # frames of one task that are written


class Task:
    """addr, name; kind: "" (a task of asyncio), "callback" or "greenlet"; tid: of the thread of its
    event loop or hub, 0: unknown; loop: address of its event loop; frames: [PyFrame], innermost
    first; waiter: address of the future that it awaits, 0: none; waits: addresses of the tasks that
    it waits for; on: what it waits for; thread: tid of the thread that runs what it awaits;
    left_us: until its sleep or its timeout ends; busy_us: for how long its loop has handled no
    event; is_running: the thread runs it now; is_orphaned: nothing alive can wake it."""
    __slots__ = ("addr", "name", "kind", "tid", "loop", "frames", "waiter", "waits", "on", "thread",
                 "left_us", "busy_us", "is_running", "is_orphaned")

    def __init__(self, addr: int, name: str, frames: list, kind: str = "") -> None:
        self.addr, self.name, self.frames, self.kind = addr, name, frames, kind
        self.tid = self.loop = self.waiter = self.thread = 0
        self.waits, self.on = [], ""
        self.left_us = self.busy_us = None
        self.is_running = self.is_orphaned = False

    def lines(self) -> list:
        """Its marker lines."""
        pairs = [("waits", "0x%x" % addr) for addr in self.waits]
        for key in ("kind", "tid", "on", "thread", "left_us", "busy_us"):
            value = getattr(self, key)
            if value or value == 0 and key.endswith("_us"):
                pairs.append((key, value))
        pairs += [("setter", "gone")] if self.is_orphaned else []
        lines = [marker("task", ("id", "0x%x" % self.addr), ("name", one_line(self.name)),
                        ("state", "running" if self.is_running else "pending"), *pairs)]
        for frame in self.frames[:FRAMES_MAX]:
            code = frame.code
            lines.append(marker("await", name=one_line(code.name), file=one_line(code.file),
                                line=code.line(frame.offset)))
        return lines


def code_key(frame) -> tuple:
    """(base name of the file, last part of the function's name) of a PyFrame."""
    return frame.code.file.rpartition("/")[2], frame.code.name.rpartition(".")[2]
