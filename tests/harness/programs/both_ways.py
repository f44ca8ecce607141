"""Runs inside a gdb: has each stack of a process unwound by the agent and by gdb, over and over, and prints what was not the
same. PMP_STEPS: does the target go on by some instructions in between, or by some time? (A step that a signal's handler begins
in would need a breakpoint.)

    BOTH WAYS ROUNDS FRAMES BY_GDB WRONG	as a last line; BY_GDB: stacks that the agent left to gdb
"""

import os
import re
import sys
import time

import gdb

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from gdb_modules import Attached  # noqa: E402
import pmp_symbolizer as symbolizer  # noqa: E402
import pmp_native_stack as native_stack  # noqa: E402
import pmp_registers as registers  # noqa: E402
from pmp_gdb_text import name_text  # noqa: E402

STEPS = (1, 1, 1, 1, 7, 1, 50, 1)


class Both:
    def __init__(self, pid):
        self.target = Attached(pid)
        self.frames = self.by_gdb = self.wrong = 0

    def compare(self, thread):
        own = self.target.unwinder.unwind(self.target.memory, registers.read(thread))
        if own is None:
            self.by_gdb += 1
            own = native_stack.read_stack(self.target.unwinder, self.target.memory, thread, registers.read(thread), True).frames
        mine = [(frame.pc, frame.sp, name) for frame in own for name in self.target.symbolizer.names(frame)]
        gdbs = list(self.gdbs(thread))
        self.frames += len(gdbs)
        if mine != gdbs and without_leaf(mine) != without_leaf(gdbs):
            self.wrong += 1
            at = next(i for i in range(len(mine) + 1) if mine[i:i + 1] != gdbs[i:i + 1])
            print("%d of %d: own: %s gdb: %s" % (at, len(gdbs), mine[at:at + 2], gdbs[at:at + 2]))

    def gdbs(self, thread):
        thread.switch()
        frame = gdb.newest_frame()
        while frame is not None:
            if frame.type() != gdb.TAILCALL_FRAME:
                yield frame.pc(), int(frame.read_register("rsp")), self.name(frame)
            frame = frame.older()

    def name(self, frame):
        if frame.type() == gdb.SIGTRAMP_FRAME:
            return "<signal handler called>"
        line = frame.find_sal()
        if line.symtab is not None and line.line:
            where = " at %s:%d" % (name_text(line.symtab.filename), line.line)
        else:
            library = self.target.code.module_path(frame.pc())
            where = " from " + library if library else ""
        name = name_text(frame.name() or "??")
        if line.symtab is not None:
            name = symbolizer.without_parameters(name)  # gdb gives up on those of some templates
        return "%s ()%s" % (name, where)


def without_leaf(frames):
    """The first instruction of an inlined function is its caller's to gdb, so that one can step into it."""
    inlined = [frame for frame in frames if frame[:2] == frames[0][:2]]
    return [frames[0][:2], re.sub(" at .*", "", inlined[-1][2])] + frames[len(inlined):]


def main(pid, rounds, steps):
    both = Both(pid)
    for i in range(rounds):
        for thread in gdb.selected_inferior().threads():
            both.compare(thread)
        if steps:
            gdb.selected_inferior().threads()[-1].switch()
            gdb.execute("stepi %d" % STEPS[i % len(STEPS)], False, True)
        else:
            gdb.execute("detach", False, True)
            time.sleep(0.002)
            gdb.execute("attach %d" % pid, False, True)
    print("BOTH WAYS %d %d %d %d" % (rounds, both.frames, both.by_gdb, both.wrong))


main(int(os.environ["PMP_PID"]), int(os.environ["PMP_ROUNDS"]), os.environ["PMP_STEPS"] == "yes")
