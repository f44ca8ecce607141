"""The target's symbols in gdb, read before anything is stopped.

With gdb's own way (read them as it attaches, expand a compilation unit at the first stack that passes
through) the target is stopped for it: seconds, where there is debug information. So gdb is told not to add
libraries by itself; they are added here, at the addresses where /proc/PID/maps says they are, and what the
threads' stacks hold is looked up ahead: every word there that points into code expands its unit now.
"""
import os
import struct
import time

import gdb

from pmp_elf import Elf
from pmp_memory import BadRead
from pmp_procfs import mapped_code, stack_ranges

AHEAD_US = 5000000    # of expanding before the attach: nothing waits for it but the first sample,
ATTACHED_US = 1000000 # between the attach and the first sample,
BETWEEN_US = 50000    # and between two samples: more would make the next one late
THREADS_MAX = 64      # whose stacks are looked at
STACK_BYTES = 16384   # of a stack whose pointer is known


def _execute(command: str) -> str:
    return gdb.execute(command, False, True)


def _quoted(path: str) -> str:
    return '"%s"' % path.replace("\\", "\\\\").replace('"', '\\"')


def _symbol_address(name: str) -> int:
    """0 if no such symbol is known. Reads symbols only, never the target's memory."""
    try:
        return int(gdb.parse_and_eval("(unsigned long) &" + name))
    except gdb.error:
        return 0


class Symbols:
    """Which files' symbols gdb has, and where."""

    def __init__(self, pid: int, root: str) -> None:
        self._pid = pid
        self._root = root
        self._maps = []
        self._libraries = {}  # path -> where it was added; 0: it could not be
        self._program_bias = self._program_end = 0
        self._attached = False  # since then gdb has the program where it is in the target
        self._addresses = {}
        self._expanded = set()

    def read_program(self) -> None:
        if self._root:
            _execute("set sysroot " + self._root)
        program = "/proc/%d/exe" % self._pid
        _execute("file " + program)
        path = os.readlink(program)
        try:
            elf = Elf(program)
            self._program_end = elf.end
            for start, _, offset, mapped in mapped_code(self._pid):
                if mapped == path and not elf.fixed:
                    self._program_bias = elf.bias(start, offset)
                    break
        except (OSError, BadRead):
            pass  # units are not expanded ahead, that's all
        self._libraries[path] = 0

    def follow(self) -> bool:
        """Adds libraries that came and takes those away that went; True if there were any."""
        maps = mapped_code(self._pid)
        if maps == self._maps or not maps:
            return False
        self._maps = maps
        mapped = {}
        for start, _, offset, path in maps:
            mapped.setdefault(path, (start, offset))
        for path in [path for path in self._libraries if path not in mapped]:
            self._remove(path)
        for path, (start, offset) in mapped.items():
            if path not in self._libraries:
                self._add(path, start, offset)
        return True

    def _add(self, path: str, start: int, offset: int) -> None:
        self._libraries[path] = 0
        try:
            bias = Elf(self._root + path).bias(start, offset)
            _execute("add-symbol-file %s -o 0x%x" % (_quoted(self._root + path), bias))
            self._libraries[path] = start
        except (OSError, BadRead, gdb.error):
            pass  # deleted, or no library at all: its frames have no names

    def _remove(self, path: str) -> None:
        start = self._libraries.pop(path)
        if start:
            try:
                _execute("remove-symbol-file -a 0x%x" % start)
            except gdb.error:
                pass  # gdb has forgotten it by itself

    def look_up(self, names: tuple) -> None:
        """Before the attach, or while the target runs: it takes gdb long to say that it knows no such name."""
        for name in names:
            if not self._addresses.get(name):
                address = _symbol_address(name)
                if address and not self._attached and address < self._program_end:
                    address += self._program_bias
                self._addresses[name] = address

    def address(self, name: str) -> int:
        """Where a symbol that was looked up is in the target; 0 if there is none."""
        return self._addresses.get(name, 0)

    def is_code(self, pc: int) -> bool:
        """Is it in what was mapped executable from a file, when that was last looked at?"""
        return any(start <= pc < end for start, end, _, _ in self._maps)

    def expand_ahead(self) -> None:
        """Before the attach."""
        self._expand({}, AHEAD_US)

    def expand_attached(self) -> None:
        self._attached = True
        self._expand({}, ATTACHED_US)

    def expand_between(self, pointers: dict) -> None:
        """Between two samples. pointers: the threads' stack pointers as the last one saw them."""
        self._attached = True
        self._expand(pointers, BETWEEN_US)

    def _expand(self, pointers: dict, limit_us: int) -> None:
        """Has gdb expand the units of what the threads' stacks hold, for a bounded time."""
        bias = 0 if self._attached else self._program_bias
        end = time.monotonic() + limit_us / 1e6
        for pc in self._pointers_into_code(pointers):
            if time.monotonic() > end:
                return
            self._expanded.add(pc)
            gdb.find_pc_line(pc - bias if self._in_program(pc) else pc)

    def _in_program(self, pc: int) -> bool:
        return any(start <= pc < end and not self._libraries.get(path)
                   for start, end, _, path in self._maps)

    def _pointers_into_code(self, pointers: dict) -> list:
        """Each once, and only the first time."""
        ranges = [(start, end) for start, end, _, _ in self._maps]
        if not ranges:
            return []
        low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
        found = {}
        for word in _stack_words(self._pid, pointers):
            if low <= word < high and word not in self._expanded and any(
                    start < word < end for start, end in ranges):
                found[word] = True
        return list(found)


def _stack_words(pid: int, pointers: dict):
    """The words on the threads' stacks, as they are in this moment: nothing is stopped for it."""
    ranges = stack_ranges(pid)
    ranges.update({tid: (pointer, STACK_BYTES) for tid, pointer in pointers.items()})
    try:
        memory = os.open("/proc/%d/mem" % pid, os.O_RDONLY)
    except OSError:
        return
    try:
        for start, size in list(ranges.values())[:THREADS_MAX]:
            try:
                data = os.pread(memory, size, start & ~7)
            except OSError:
                continue
            for word, in struct.iter_unpack("<Q", data[:len(data) & ~7]):
                yield word
    finally:
        os.close(memory)
