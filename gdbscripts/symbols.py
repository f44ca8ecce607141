"""The target's symbols in gdb, apart from the target.

A gdb that has symbols for what it stops looks into them at each stop: the first stop in a compilation unit has it read
that unit, for which the target waits (10 to 200 ms), and each attach goes through all of them. So the target's inferior has none.
They are another inferior's, which never gets a process: names are looked up there while the target runs on.

Where gdb has to unwind a stack (native.py), it needs them for the target after all: give_target. Then what the threads'
stacks hold is looked up ahead: every word there that points into code has gdb read its unit now.
"""
import time

import gdb

from pmp_gdb_text import execute

GIVEN_US = 1000000    # of reading units ahead when the target gets its symbols,
BETWEEN_US = 50000    # and between two samples: more would make the next one late
TARGET, NAMES = 1, 2  # gdb's numbers of the inferiors


class Symbols:
    """Has gdb know the files of a CodeMap."""

    def __init__(self, pid: int, code) -> None:
        self._pid = pid
        self._code = code
        self._files = []  # those that gdb has
        self._expanded = set()
        self.in_target = False
        execute("add-inferior")

    def __enter__(self) -> "Symbols":
        """Within, gdb answers for the symbols; the target is to run on."""
        execute("inferior %d" % NAMES)
        return self

    def __exit__(self, *_) -> None:
        execute("inferior %d" % TARGET)

    def follow(self) -> bool:
        """As CodeMap.follow; True if there was anything."""
        changed = self._code.follow()
        if changed is None:
            return False
        came, went = changed
        with self:
            self._change(came, went)
        if self.in_target:
            self._change(came, went)
        self._files = [file for file in self._files if file not in went] + came
        for file in went:
            file.file.close()
        return True

    def give_target(self) -> None:
        """Not while it is stopped."""
        self.in_target = True
        self._change(self._files, [])
        self._expand({}, GIVEN_US)

    def expand_between(self, pointers: dict) -> None:
        """Between two samples. pointers: the threads' stack pointers as the last one saw them."""
        if self.in_target:
            self._expand(pointers, BETWEEN_US)

    def _change(self, came: list, went: list) -> None:
        """In the selected inferior."""
        for file in went:
            _try("remove-symbol-file -a 0x%x" % file.start)  # it fails where gdb has forgotten it by itself
        for file in came:
            _try("add-symbol-file %s -o 0x%x" % (file.file.name, file.bias))  # or it's an odd file: it has no names

    def _expand(self, pointers: dict, limit_us: int) -> None:
        """Has gdb read the units of what the threads' stacks hold, for a bounded time."""
        end = time.monotonic() + limit_us / 1e6
        for pc in self._code.pointers_on_stacks(pointers):
            if time.monotonic() > end:
                return
            if pc not in self._expanded:
                self._expanded.add(pc)
                gdb.find_pc_line(pc)


def _try(command: str) -> None:
    try:
        execute(command)
    except gdb.error:
        pass
