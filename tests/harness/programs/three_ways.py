"""Runs inside gdb: unwinds the stacks of a process by gdb with full symbols (what is right), by gdb
without these, and by the agent, many times. PMP_FULL: the program's file before it was stripped,
"": the same. PMP_STEPS: as in both_ways.py.

    THREE WAYS {...}    the last line, JSON: rounds, frames (that are right), and for "gdb" and
                        "agent": found, invented, whole (stacks)
"""

import json
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from gdb_modules import Attached, compare_rounds, registers_of  # noqa: E402

STEPS = (1, 1, 3, 1, 40, 1, 1, 7, 1, 1, 300, 1, 1)
FRAMES_MAX = 200


def gdb_frames(thread):
    """[(pc, sp)] of gdb's frames, leaf first."""
    thread.switch()
    frame, found = gdb.newest_frame(), []
    while frame is not None and len(found) < FRAMES_MAX:
        if frame.type() not in (gdb.TAILCALL_FRAME, gdb.INLINE_FRAME):
            found.append((frame.pc(), int(frame.read_register("rsp")) & (1 << 64) - 1))
        try:
            frame = frame.older()
        except gdb.error:
            break
    return found


class Count:
    """How one unwinder did."""

    def __init__(self):
        self.found = self.invented = self.whole = 0

    def add(self, frames, right):
        found = len(set(frames) & set(right))
        self.found += found
        self.invented += len(frames) - found
        self.whole += frames == right


class Comparison:
    def __init__(self, pid, full):
        self.target, self.full = Attached(pid), full
        self.bias = next((file.bias for file in self.target.code.files()
                          if os.path.samefile(file.file.local, "/proc/%d/exe" % pid)), 0)
        self.frames, self.gdb, self.agent = 0, Count(), Count()

    def compare(self, thread):
        target, regs = self.target, registers_of(thread)
        by_agent = [(frame.pc, frame.sp)
                    for frame in target.unwinder.unwind(target.memory, regs)[0]]
        by_gdb = gdb_frames(thread)
        right = self.right_frames(thread) if self.full else by_gdb
        self.frames += len(right)
        self.gdb.add(by_gdb, right)
        self.agent.add(by_agent, right)
        if by_agent != right and os.environ.get("PMP_SHOW"):
            self.show(by_agent, by_gdb, right)

    def right_frames(self, thread):
        gdb.execute("add-symbol-file %s -o 0x%x" % (self.full, self.bias), False, True)
        found = gdb_frames(thread)
        gdb.execute("remove-symbol-file %s" % self.full, False, True)
        return found

    def show(self, by_agent, by_gdb, right):
        for what, frames in (("right", right), ("gdb", by_gdb), ("agent", by_agent)):
            print(what, " ".join(
                "%s%s" % (gdb.execute("info symbol 0x%x" % (pc - (i > 0)), False, True)
                          .replace(" in section .text", "").replace(" ", "").strip()
                          if pc else "0", "@%x" % (sp & 0xfffff))
                for i, (pc, sp) in enumerate(frames)))


def main(pid, rounds, steps):
    comparison = Comparison(pid, os.environ.get("PMP_FULL", ""))
    compare_rounds(pid, rounds, STEPS if steps else (), comparison.compare)
    print("THREE WAYS " + json.dumps({"rounds": rounds, "frames": comparison.frames,
                                      "gdb": vars(comparison.gdb),
                                      "agent": vars(comparison.agent)}))


main(int(os.environ["PMP_PID"]), int(os.environ["PMP_ROUNDS"]), os.environ["PMP_STEPS"] == "yes")
