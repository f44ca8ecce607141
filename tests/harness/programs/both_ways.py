"""Runs inside gdb: unwinds each stack of a process by the agent and by gdb, many times, and prints
the differences. PMP_STEPS: "yes": the target runs some instructions in between; otherwise it runs
for some time. (A step in which a signal handler begins would need a breakpoint.)

    BOTH WAYS ROUNDS FRAMES CUT WRONG    the last line; CUT: stacks whose root is not reached
"""

import os
import re
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from gdb_modules import Attached, compare_rounds, registers_of  # noqa: E402
import pmp_symbolizer as symbolizer  # noqa: E402
from pmp_gdb_text import name_text  # noqa: E402

PART = re.compile(r" \[clone \.(part|cold\.\d)\]")
STEPS = (1, 1, 1, 1, 7, 1, 50, 1)


class Comparison:
    """Compares the stacks of one process, and counts frames and differences."""

    def __init__(self, pid):
        self.target = Attached(pid)
        self.frames = self.cut = self.wrong = 0

    def compare(self, thread):
        target, regs = self.target, registers_of(thread)
        frames, why = target.unwinder.unwind(target.memory, regs)
        self.cut += bool(why)
        agents = [(frame.pc, frame.sp, name)
                  for frame in frames for name in target.symbolizer.names(frame)]
        gdbs = list(self.gdb_frames(thread))
        agents = without_own_names(agents, gdbs)
        self.frames += len(gdbs)
        if agents != gdbs and without_leaf(agents) != without_leaf(gdbs):
            self.wrong += 1
            at = next(i for i in range(len(agents) + 1) if agents[i:i + 1] != gdbs[i:i + 1])
            print("%d of %d: agent: %s gdb: %s" % (at, len(gdbs), agents[at:at + 2],
                                                   gdbs[at:at + 2]))

    def gdb_frames(self, thread):
        """Yields (pc, sp, name as in the agent's text) of each frame of gdb."""
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
            name = symbolizer.without_parameters(name)  # gdb does not strip those of some templates
        return "%s ()%s" % (name, where)


def without_own_names(agents, gdbs):
    """The agent's frames, without what only the agent tells: names of functions for which gdb has
    none, and that a function is a part of one."""
    nameless = {frame[:2]: frame for frame in gdbs if frame[2].startswith("?? ()")}
    agents = [nameless.get(frame[:2], frame) for frame in agents]
    return [frame[:2] + (PART.sub("", frame[2]),) for frame in agents]


def without_leaf(frames):
    """The frames, with only the outermost function of the leaf and without its line: at the first
    instruction of an inlined function gdb shows its caller, so that one can step into it."""
    inlined = [frame for frame in frames if frame[:2] == frames[0][:2]]
    return [frames[0][:2], re.sub(" at .*", "", inlined[-1][2])] + frames[len(inlined):]


def main(pid, rounds, steps):
    comparison = Comparison(pid)
    compare_rounds(pid, rounds, STEPS if steps else (), comparison.compare)
    print("BOTH WAYS %d %d %d %d" % (rounds, comparison.frames, comparison.cut,
                                     comparison.wrong))


main(int(os.environ["PMP_PID"]), int(os.environ["PMP_ROUNDS"]), os.environ["PMP_STEPS"] == "yes")
