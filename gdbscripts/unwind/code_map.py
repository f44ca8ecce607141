"""Which file's code is mapped where in the target, each file open, and what is known of it without gdb.

Followed by /proc/PID/maps: gdb makes a list of its own, of names in the target's memory, and opens each.
"""
import bisect
import os
import struct

from pmp_cfi import FrameTable
from pmp_elf import Elf
from pmp_target_files import DELETED, Refused, raise_descriptor_limit, open_mapped, open_program, open_vdso
from pmp_markers import one_line
from pmp_memory import BadRead
from pmp_procfs import chroot_prefix, mapped_code, maps_text, file_mappings, read_link, stack_ranges, vdso_range

THREADS_MAX = 64  # whose stacks are looked at
VDSO = "[vdso_range]"
STACK_BYTES = 16384  # of a stack whose pointer is known


class CodeFile:
    """A file that is mapped, open for as long as it is: `bias` is added to its addresses, `start`: of its first code."""
    __slots__ = ("path", "bias", "start", "file", "frames", "build_id")

    def __init__(self, path: str, bias: int, start: int, file, elf: Elf) -> None:
        self.path, self.bias, self.start, self.file = path, bias, start, file
        self.frames = _frame_table(elf)  # a FrameTable, or None
        self.build_id = _build_id(elf)


class CodeMap:
    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._prefix = chroot_prefix(pid)
        self._text = b""  # of /proc/PID/maps
        self._maps = []
        self._program = ""  # its path
        self.has_executed = False  # when it was last followed, the process had executed another program
        self._files = {}  # (path, place), as procfs.file_mappings has them -> CodeFile, None of one that cannot be read
        self.modules = []  # (path, build ID) of files that were added; the reader takes them away
        self.notes = []  # what is lost, for the person; the reader takes them away

    def update(self) -> tuple:
        """(the CodeFiles that were added, those that were removed) since the last time; None: nothing has changed. Those that were removed are to
        be closed."""
        text = self.maps_text()
        if text == self._text:
            return None
        self._text = text
        maps = _mapped_code(text)
        if maps == self._maps or not maps:
            return None
        mapped, added, removed = file_mappings(maps), [], []
        self.has_executed = bool(self._maps) and _has_executed(self._files, mapped)
        if not self._maps or self.has_executed:
            raise_descriptor_limit()
            self._program = self._read_program_link()
        self._maps = maps
        for key in [key for key in self._files if key not in mapped]:
            file = self._files.pop(key)
            if file is not None and file not in self._files.values():
                removed.append(file)
        for key, place in mapped.items():
            if key not in self._files:
                file = self._files[key] = self._open_code_file(key[0], *place)
                if file is not None and file.start == place[0]:
                    added.append(file)
                    if file.build_id:
                        self.modules.append((self.target_path(file.path), file.build_id))
        return added, removed

    def mapped(self) -> list:
        """(start, end, offset into the file, path) of all code that was mapped when that was last looked at."""
        return self._maps

    def maps_text(self) -> bytes:
        """What is mapped, as /proc/PID/maps has it."""
        return maps_text(self._pid)

    def open_file(self, path: str, start: int, end: int):
        """The files.File that is mapped there. OSError, Refused."""
        if path == VDSO:
            return open_vdso(end - start)
        if path == self._program:
            return open_program(self._pid)
        return open_mapped(self._pid, start, end, path)

    def target_path(self, path: str) -> str:
        """A path as the target itself has it."""
        if self._prefix and path.startswith(self._prefix + "/"):
            path = path[len(self._prefix):]
        return path[:-len(DELETED)] if path.endswith(DELETED) else path

    def module_path(self, pc: int) -> str:
        """The path of the file that is mapped there, "" if none is."""
        mapping = self._mapping(pc)
        return self.target_path(mapping[3]) if mapping is not None else ""

    def is_code(self, pc: int) -> bool:
        """Is it in what was mapped executable from a file, when that was last looked at?"""
        return self._mapping(pc) is not None

    def function_at(self, address: int) -> tuple:
        """(cfi.Function or None, what the target adds to its addresses) of the code at an address."""
        mapping, table, bias = self._mapping(address), None, 0
        if mapping is not None:
            file = self._files.get((mapping[3], mapping[0] - mapping[2]))
            if file is not None:
                table, bias = file.frames, file.bias
        return (table.function(address - bias) if table is not None else None), bias

    def function_range(self, address: int):
        """(where the code of the function there begins, and ends); None if that is not known."""
        function, bias = self.function_at(address)
        return (function.start + bias, function.end + bias) if function is not None else None

    def pointers_on_stacks(self, pointers: dict) -> list:
        """The words on the threads' stacks that point into code, each once. pointers: the threads' stack pointers as they
        were last seen."""
        if not self._maps:
            return []
        low, high = self._maps[0][0], self._maps[-1][1]
        return [word for word in dict.fromkeys(_stack_words(self._pid, pointers))
                if low <= word < high and self.is_code(word)]

    def _read_program_link(self) -> str:
        try:
            return read_link("/proc/%d/exe" % self._pid)
        except OSError:
            return ""

    def _open_code_file(self, path: str, start: int, end: int, offset: int):
        """The CodeFile, None if nothing is to be had of it. Several of a file's segments may hold code: it's one all the
        same."""
        try:
            file = self.open_file(path, start, end)
        except Refused as why:
            self.notes.append(self._refused_note(path, why))
            return None
        except OSError:
            if ".so" in path:  # otherwise it is memory, which has a file for a moment only
                self.notes.append(self._unreadable_note(path))
            return None
        try:
            elf = Elf(file.local)
            bias = elf.bias(start, offset)
            for other in self._files.values():
                if other is not None and (other.path, other.bias) == (path, bias):
                    file.close()
                    return other
            return CodeFile(path, bias, start, file, elf)
        except (OSError, BadRead):
            file.close()  # no library at all, or an odd one: its frames have no names
            return None

    def _refused_note(self, path: str, why: Refused) -> str:
        if path == self._program:
            return "the program's own file was not read: %s; its functions have no names" % why
        return "%s was not read: %s; its functions have no names" % (one_line(self.target_path(path)), why)

    def _unreadable_note(self, path: str) -> str:
        if path.endswith(DELETED):
            return ("%s was deleted or replaced while the program runs, and only root can read what it was: its functions "
                    "have no names" % one_line(self.target_path(path)))
        return "%s cannot be read: its functions have no names" % one_line(self.target_path(path))

    def _mapping(self, address: int):
        """The row of mapped_code that holds it, or None."""
        at = bisect.bisect_right(self._maps, (address + 1,)) - 1
        return self._maps[at] if at >= 0 and self._maps[at][0] <= address < self._maps[at][1] else None


def _mapped_code(text: bytes) -> list:
    """As mapped_code; and the vdso, which is in no file."""
    maps, (start, end) = mapped_code(text), vdso_range(text)
    return sorted(maps + [(start, end, 0, VDSO)]) if maps and end else maps


def _has_executed(before, now) -> bool:
    """Of file_mappings' keys: has another program been executed? It has its vdso elsewhere, unless the kernel was told not to choose
    addresses at random; then it's the files that are all others."""
    return any(key[0] == VDSO and key not in now for key in before) or not any(key in now for key in before)


def _frame_table(elf: Elf):
    """None if it has none that is known."""
    try:
        return FrameTable(elf.read, *elf.frame_header) if elf.frame_header else None
    except BadRead:
        return None


def _build_id(elf: Elf) -> str:
    try:
        return elf.build_id()
    except OSError:
        return ""


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
