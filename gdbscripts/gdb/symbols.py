"""The target's symbols in gdb, apart from the target.

A gdb that has symbols for what it stops looks into them at each stop: the first stop in a compilation unit has it read
that unit, for which the target waits (10 to 200 ms), and each attach goes through all of them. So the target's inferior has none.
They are another inferior's, which never gets a process: names are looked up there while the target runs on.

Where gdb has to unwind a stack (native_stack.py), it needs them for the target after all: load_into_target. Then what the threads'
stacks hold is looked up ahead: every word there that points into code has gdb read its unit now.
"""
import time

import gdb

from pmp_target_files import Refused, open_named
from pmp_gdb_text import execute

READ_ALL_US = 1000000    # of reading units ahead when the target gets its symbols,
READ_BETWEEN_US = 50000    # and between two samples: more would make the next one late
TARGET = 1  # gdb's number of that inferior


class Symbols:
    """Has gdb know the files of a CodeMap."""

    def __init__(self, pid: int, code) -> None:
        self._pid = pid
        self._code = code
        self._files = []  # those of the CodeMap
        self._preloaded = set()
        self._pending = []  # what gdb has not been told yet: (added, removed, are they another program's)
        self._units_read = set()
        self.in_target = False
        self._last_inferior = TARGET  # inferior's number
        self._symbol_inferior = self._add_inferior()

    def __enter__(self) -> "Symbols":
        """Within, gdb answers for the symbols; the target is to run on."""
        self.load_pending()
        execute("inferior %d" % self._symbol_inferior)
        return self

    def __exit__(self, *_) -> None:
        execute("inferior %d" % TARGET)

    def update(self) -> bool:
        """As CodeMap.follow; True if there was anything. A file's symbols may take gdb a second, in which it can't take a
        sample: they are read when names are looked up, or by load_pending."""
        changed = self._code.update()
        if changed is None:
            return False
        added, removed = changed
        self._pending.append((added, removed, self._code.has_executed))
        if self._code.has_executed:
            self.in_target = False
        elif self.in_target:
            self._change(added, removed)
        self._files = [file for file in self._files if file not in removed] + added
        return True

    def load_pending(self) -> None:
        late, self._pending = self._pending, []
        for added, removed, are_other in late:
            if are_other:
                self._symbol_inferior = self._add_inferior()
            execute("inferior %d" % self._symbol_inferior)
            self._change(added, [] if are_other else removed)
            execute("inferior %d" % TARGET)
            for file in removed:
                if not are_other or file.file.name == file.path:
                    file.file.close()

    def preload(self, paths: list) -> None:
        """Files that are to be mapped soon: gdb has read them by then. It reads a file once, as long as it has it, for any
        number of inferiors."""
        paths = [path for path in paths if path not in self._preloaded]
        self._preloaded.update(paths)
        if paths:
            execute("inferior %d" % self._add_inferior())
        for path in paths:
            try:
                file = open_named(path)
            except (OSError, Refused):
                continue
            if file.name == path:
                _try_execute("add-symbol-file %s -o 0" % path)
            file.close()
        execute("inferior %d" % TARGET)

    def _add_inferior(self) -> int:
        """For a new program's symbols: gdb 13 crashes at times if those of the program before are taken away. They stay."""
        execute("add-inferior")
        self._last_inferior += 1
        return self._last_inferior

    def load_into_target(self) -> None:
        """Not while it is stopped."""
        self.in_target = True
        self._change(self._files, [])
        self._read_units({}, READ_ALL_US)

    def read_units_between_samples(self, pointers: dict) -> None:
        """Between two samples. pointers: the threads' stack pointers as the last one saw them."""
        if self.in_target:
            self._read_units(pointers, READ_BETWEEN_US)

    def _change(self, added: list, removed: list) -> None:
        """In the selected inferior."""
        for file in removed:
            _try_execute("remove-symbol-file -a 0x%x" % file.start)  # it fails where gdb has forgotten it by itself
        for file in added:
            _try_execute("add-symbol-file %s -o 0x%x" % (file.file.name, file.bias))  # or it's an odd file: it has no names

    def _read_units(self, pointers: dict, limit_us: int) -> None:
        """Has gdb read the units of what the threads' stacks hold, for a bounded time."""
        end = time.monotonic() + limit_us / 1e6
        for pc in self._code.pointers_on_stacks(pointers):
            if time.monotonic() > end:
                return
            if pc not in self._units_read:
                self._units_read.add(pc)
                gdb.find_pc_line(pc)


def _try_execute(command: str) -> None:
    try:
        execute(command)
    except gdb.error:
        pass
