"""The target's symbols in gdb, read before anything is stopped.

With gdb's own way (read them as it attaches, expand a compilation unit at the first stack that passes
through) the target is stopped for it: seconds, where there is debug information. So gdb is told not to add
libraries by itself; they are added here, at the addresses where /proc/PID/maps says they are, and what the
threads' stacks hold is looked up ahead: every word there that points into code expands its unit now.
"""
import bisect
import os
import struct
import time

import gdb

from pmp_cfi import FrameTable
from pmp_elf import Elf
from pmp_files import DELETED, Refused, allow_many, open_mapped, open_program
from pmp_gdb_text import execute
from pmp_markers import one_line
from pmp_memory import BadRead
from pmp_procfs import chroot_prefix, mapped_code, places, read_link, stack_ranges, vdso

AHEAD_US = 5000000    # of expanding before the attach: nothing waits for it but the first sample,
ATTACHED_US = 1000000 # between the attach and the first sample,
BETWEEN_US = 50000    # and between two samples: more would make the next one late
THREADS_MAX = 64      # whose stacks are looked at
STACK_BYTES = 16384   # of a stack whose pointer is known
# gdb wants a breakpoint of its own there, in a program that has it (CPython 3.15, LLVM within), and where it must
# not write, the attach fails. In a file that was added like a library's it does without (breakpoint.c,
# insert_bp_location): so such a program is added once more.
JIT_FUNCTION = "__jit_debug_register_code"


class Library:
    """A file that gdb was told to have at a place."""
    __slots__ = ("path", "bias", "start", "file")

    def __init__(self, path: str, bias: int, start: int, file) -> None:
        self.path, self.bias, self.start, self.file = path, bias, start, file


class Symbols:
    """Which files' symbols gdb has, and where."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._prefix = chroot_prefix(pid)
        self._maps = []
        self._program = ""  # its path
        self._program_file = None
        self._libraries = {}  # (path, place), as procfs.places has them -> Library
        self._tables = {}  # the same, the program's own, too -> (FrameTable or None, what is added to its addresses)
        self._vdso = (0, 0)
        self.notes = []  # what is lost, for the person; the reader takes them away
        self._program_bias = 0
        self._attached = False  # since then gdb has the program where it is in the target
        self._expanded = set()

    def read_program(self) -> None:
        allow_many()
        path = self._program = read_link("/proc/%d/exe" % self._pid)
        try:
            file = self._program_file = open_program(self._pid)  # open for as long as gdb may come back to it
            execute("file " + file.name)
            elf = Elf(file.local)
            for start, _, offset, mapped in mapped_code(self._pid):
                if mapped == path:
                    self._program_bias = elf.bias(start, offset)
                    self._tables[path, start - offset] = _frame_table(elf), self._program_bias
                    break
            if elf.symbols((JIT_FUNCTION,)):
                execute("add-symbol-file %s -o 0x%x" % (file.name, self._program_bias))
        except Refused as why:
            self.notes.append("the program's own file was not read: %s; its functions have no names" % why)
        except (OSError, BadRead, gdb.error):
            pass  # units are not expanded ahead, that's all

    def follow(self) -> bool:
        """Adds libraries that came and takes those away that went; True if there were any."""
        maps = mapped_code(self._pid)
        if maps == self._maps or not maps:
            return False
        self._maps = maps
        mapped = {key: place for key, place in places(maps).items() if key[0] != self._program}
        for key in [key for key in self._libraries if key not in mapped]:
            self._remove(self._libraries.pop(key))
            self._tables.pop(key, None)
        for key, place in mapped.items():
            if key not in self._libraries:
                self._libraries[key] = self._add(key, *place)
        self._vdso = vdso(self._pid)
        return True

    def _add(self, key: tuple, start: int, end: int, offset: int):
        """The Library, None if gdb has nothing of it, or has it already: several of its segments hold code."""
        path = key[0]
        try:
            file = open_mapped(self._pid, start, end, path)
        except Refused as why:
            self.notes.append("%s was not read: %s; its functions have no names" % (
                one_line(self.own(path)), why))
            return None
        except OSError:
            if ".so" in path:  # otherwise it is memory, which has a file for a moment only
                self.notes.append(self._lost(path))
            return None
        try:
            elf = Elf(file.local)
            bias = elf.bias(start, offset)
            for same, other in self._libraries.items():
                if other and (other.path, other.bias) == (path, bias):
                    self._tables[key] = self._tables[same]
                    break
            else:
                execute("add-symbol-file %s -o 0x%x" % (file.name, bias))
                self._tables[key] = _frame_table(elf), bias
                return Library(path, bias, start, file)
        except (OSError, BadRead, gdb.error):
            pass  # no library at all, or an odd one: its frames have no names
        file.close()
        return None

    def _lost(self, path: str) -> str:
        if path.endswith(DELETED):
            return ("%s was deleted or replaced while the program runs, and only root can read what it was: its functions "
                    "have no names" % one_line(self.own(path)))
        return "%s cannot be read: its functions have no names" % one_line(self.own(path))

    def _remove(self, library) -> None:
        if library is None:
            return
        try:
            execute("remove-symbol-file -a 0x%x" % library.start)
        except gdb.error:
            pass  # gdb has forgotten it by itself
        library.file.close()

    def own(self, path: str) -> str:
        """A path as the target itself has it."""
        if self._prefix and path.startswith(self._prefix + "/"):
            path = path[len(self._prefix):]
        return path[:-len(DELETED)] if path.endswith(DELETED) else path

    def function_at(self, address: int) -> tuple:
        """(cfi.Function or None, what the target adds to its addresses) of the code at an address."""
        mapping = self._mapping(address)
        if mapping is not None:
            table, bias = self._tables.get((mapping[3], mapping[0] - mapping[2]), (None, 0))
        elif self._vdso[0] <= address < self._vdso[1]:
            table, bias = self._vdso_table()
        else:
            table = None
        return (table.function(address - bias), bias) if table is not None else (None, 0)

    def function_range(self, address: int):
        """(where the code of the function there begins, and ends); None if that is not known."""
        function, bias = self.function_at(address)
        return (function.start + bias, function.end + bias) if function is not None else None

    def _vdso_table(self) -> tuple:
        """It's in no file."""
        if self._vdso not in self._tables:
            start, end = self._vdso
            try:
                with open("/proc/%d/mem" % self._pid, "rb", buffering=0) as memory:
                    memory.seek(start)
                    elf = Elf(memory.read(end - start))
                self._tables[self._vdso] = _frame_table(elf), elf.bias(start, 0)
            except (OSError, BadRead):
                self._tables[self._vdso] = None, 0
        return self._tables[self._vdso]

    def _mapping(self, address: int):
        """The row of mapped_code that holds it, or None."""
        at = bisect.bisect_right(self._maps, (address + 1,)) - 1
        return self._maps[at] if at >= 0 and self._maps[at][0] <= address < self._maps[at][1] else None

    def module(self, pc: int) -> str:
        """The file that is mapped there, "" if none is. What the kernel says: gdb reads its list of libraries from the
        target's memory, and opens what that names."""
        mapping = self._mapping(pc)
        return self.own(mapping[3]) if mapping is not None else ""

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
        return any(start <= pc < end and path == self._program for start, end, _, path in self._maps)

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


def _frame_table(elf: Elf):
    """None if it has none that is known."""
    try:
        return FrameTable(elf.read, *elf.frame_header) if elf.frame_header else None
    except BadRead:
        return None


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
