"""The code that is mapped in the target: each file, open, with its call frame information.

The mappings come from /proc/PID/maps. gdb would build its own list instead, from names in the
target's memory, and open each of those files.
"""
import bisect
import os
import struct

from pmp_cfi import FrameSection, FrameTable
from pmp_elf import Elf
from pmp_function_starts import FunctionStarts
from pmp_go_table import GoTable
from pmp_target_files import (DELETED, Refused, open_mapped, open_program, open_vdso,
                              raise_descriptor_limit)
from pmp_markers import one_line
from pmp_memory import BadRead
from pmp_procfs import (chroot_prefix, file_mappings, generated_code, mapped_code, maps_text,
                        read_link, stack_ranges, vdso_range)
from pmp_runtimes import find_runtime

THREADS_MAX = 64  # threads whose stacks are searched for pointers
FRAME_SECTION_MAX = 1 << 24  # bytes of an .eh_frame without an index, or a .debug_frame
VDSO = "[vdso]"
STACK_BYTES = 16384  # bytes that are searched of a stack with a known stack pointer


class CodeFile:
    """A mapped file, open as long as it is mapped. Address in the target = address in the file +
    `bias` = offset in the file + `base` + `bias`; `start`: the address of its first code mapping;
    `read`: Elf.read; `uses_python`: it contains CPython or uses its C functions."""
    __slots__ = ("path", "bias", "base", "start", "file", "frames", "go", "debug_frames",
                 "build_id", "read", "uses_python", "function_starts")

    def __init__(self, path: str, bias: int, base: int, start: int, file, elf: Elf) -> None:
        self.path, self.bias, self.base, self.start, self.file = path, bias, base, start, file
        self.frames = _frame_table(elf)  # a FrameTable, or a FrameSection, or None
        self.go = _go_table(elf)  # a GoTable, or None
        self.debug_frames = None if self.go is not None else _debug_frames(elf)
        self.function_starts = FunctionStarts(elf)
        self.build_id = _build_id(elf)
        self.read = elf.read
        self.uses_python = _uses_python(elf)

    def function(self, address: int):
        """The cfi.Function or GoFunction that contains an address of the file, or None."""
        found = self.frames.function(address) if self.frames is not None else None
        if found is None and self.go is not None:
            found = self.go.function(address)
        if found is None and self.debug_frames is not None:
            found = self.debug_frames.function(address)
        return found


class CodeMap:
    """The mapped code of one process, as of the last `update`."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._prefix = chroot_prefix(pid)
        self._text = b""  # of /proc/PID/maps
        self._maps = []  # rows of procfs.mapped_code, with the vdso
        self._generated = []  # rows of procfs.generated_code
        self._program = ""  # path of the executable
        self.has_executed = False  # the last update found that another program was executed
        self._files = {}  # key of procfs.file_mappings -> CodeFile, None if it cannot be read
        self.modules = []  # added CodeFiles; the caller empties the list
        self.notes = []  # texts for pmp's user about unreadable files; the caller empties the list

    def update(self) -> tuple:
        """Reads the mappings. Returns (added, removed): lists of CodeFiles; the caller closes the
        removed ones. None if nothing has changed."""
        text = self.maps_text()
        if text == self._text:
            return None
        self._text = text
        self._generated = generated_code(text)
        maps = _mapped_code(text)
        if maps == self._maps or not maps:
            return None
        mapped, added, removed = file_mappings(maps), [], []
        self.has_executed = bool(self._maps) and _has_executed(self._files, mapped)
        if not self._maps or self.has_executed:
            raise_descriptor_limit()
            self._program = self._read_program_link()
        self._maps = maps
        # A program that is executed again may have files at the same addresses.
        for key in [key for key in self._files if key not in mapped or self.has_executed]:
            file = self._files.pop(key)
            if file is not None and file not in self._files.values():
                removed.append(file)
        for key, place in mapped.items():
            if key not in self._files:
                file = self._files[key] = self._open_code_file(key[0], *place)
                if file is not None and file.start == place[0]:
                    added.append(file)
                    self.modules.append(file)
        return added, removed

    def runtime(self):
        """The runtimes.Runtime of the mapped program, None if it has none."""
        try:
            return find_runtime(self._maps, self._program, self.open_file)
        except (OSError, Refused):
            return None

    def mapped(self) -> list:
        """[(start, end, offset into the file, path)] of all mapped code, in order."""
        return self._maps

    def maps_text(self) -> bytes:
        """The mappings in the format of /proc/PID/maps."""
        return maps_text(self._pid)

    def open_file(self, path: str, start: int, end: int):
        """The target_files.File that is mapped there. OSError, Refused."""
        if path == VDSO:
            return open_vdso(end - start)
        if path == self._program:
            return open_program(self._pid)
        return open_mapped(self._pid, start, end, path)

    def target_path(self, path: str) -> str:
        """A path of the mappings as the target itself names it: without its chroot and "
        (deleted)"."""
        if self._prefix and path.startswith(self._prefix + "/"):
            path = path[len(self._prefix):]
        return path[:-len(DELETED)] if path.endswith(DELETED) else path

    def module_path(self, pc: int) -> str:
        """The path of the file that is mapped at an address, as the target names it; "" if none."""
        mapping = self._mapping(pc)
        return self.target_path(mapping[3]) if mapping is not None else ""

    def is_code(self, pc: int) -> bool:
        """Is the address in mapped code of a file?"""
        return self._mapping(pc) is not None

    @property
    def has_generated(self) -> bool:
        """Is there code that the program has made itself?"""
        return bool(self._generated)

    def is_generated(self, pc: int) -> bool:
        """Is the address in code that the program has made itself (JIT)?"""
        return _row_of(self._generated, pc) is not None

    def files(self) -> list:
        """The CodeFiles that are mapped, each once."""
        return list({file for file in self._files.values() if file is not None})

    def file_at(self, address: int):
        """The CodeFile at an address in the target, None if there is none."""
        mapping = self._mapping(address)
        return self._files.get((mapping[3], mapping[0] - mapping[2])) if mapping else None

    def function_at(self, address: int) -> tuple:
        """(cfi.Function, GoFunction or None; bias of its file) for an address in the target."""
        file = self.file_at(address)
        return (file.function(address - file.bias), file.bias) if file is not None else (None, 0)

    def rule_at(self, address: int):
        """The cfi.Rule at an address in the target, None if there is none."""
        function, bias = self.function_at(address)
        if function is not None:
            return function.rule(address - bias)
        file = self.file_at(address)
        if file is None or file.go is None:
            return None
        return file.go.assembly_rule(address - bias)

    def function_start(self, address: int) -> int:
        """Where the function at an address begins, by other means than a rule; 0: unknown."""
        file = self.file_at(address)
        start = file.function_starts.start(address - file.bias) if file is not None else 0
        return start + file.bias if start else 0

    def go_lines(self, address: int) -> list:
        """As GoTable.lines, for an address in the target; [] if it is in no function of Go."""
        file = self.file_at(address)
        if file is None or file.go is None:
            return []
        return file.go.lines(address - file.bias)

    def function_range(self, address: int):
        """(start, end) of the function at an address, in the target; None if unknown."""
        function, bias = self.function_at(address)
        return (function.start + bias, function.end + bias) if function is not None else None

    def pointers_on_stacks(self, pointers: dict) -> list:
        """[address]: the words on the threads' stacks that point into code, each once. No thread is
        stopped for this. pointers: {tid: stack pointer} of the last sample."""
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
        """The CodeFile, None if it cannot be used. Several segments of one file may contain code:
        they share one CodeFile."""
        try:
            file = self.open_file(path, start, end)
        except Refused as why:
            self.notes.append(self._refused_note(path, why))
            return None
        except OSError:
            if ".so" in path:  # otherwise the file is a short-lived one for shared memory
                self.notes.append(self._unreadable_note(path))
            return None
        try:
            elf = Elf(file.local)
            bias = elf.bias(start, offset)
            for other in self._files.values():
                if other is not None and (other.path, other.bias) == (path, bias):
                    file.close()
                    return other
            return CodeFile(path, bias, start - offset - bias, start, file, elf)
        except (OSError, BadRead):
            file.close()  # no ELF file, or an unsupported one: its frames have no names
            return None

    def _refused_note(self, path: str, why: Refused) -> str:
        if path == self._program:
            return "the program's own file was not read: %s; its functions have no names" % why
        name = one_line(self.target_path(path))
        return "%s was not read: %s; its functions have no names" % (name, why)

    def _unreadable_note(self, path: str) -> str:
        name = one_line(self.target_path(path))
        if path.endswith(DELETED):
            return ("%s was deleted or replaced while the program runs, and only root can read "
                    "what it was: its functions have no names" % name)
        return "%s cannot be read: its functions have no names" % name

    def _mapping(self, address: int):
        """The row of `mapped` that contains an address, or None."""
        return _row_of(self._maps, address)


def _row_of(rows: list, address: int):
    """The row that contains an address, or None. rows: [(start, end, ...)] in order."""
    at = bisect.bisect_right(rows, (address + 1,)) - 1
    row = rows[at] if at >= 0 else None
    return row if row is not None and row[0] <= address < row[1] else None


def _mapped_code(text: bytes) -> list:
    """As procfs.mapped_code, with a row for the vdso, which is in no file."""
    maps, (start, end) = mapped_code(text), vdso_range(text)
    return sorted(maps + [(start, end, 0, VDSO)]) if maps and end else maps


def _has_executed(before, now) -> bool:
    """Was another program executed between two sets of keys of file_mappings? Its vdso is at
    another address, or, without address randomisation, all its files are different."""
    vdso_moved = any(key[0] == VDSO and key not in now for key in before)
    return vdso_moved or not any(key in now for key in before)


def _frame_table(elf: Elf):
    """The FrameTable of a file, else the FrameSection of its .eh_frame, None if it has none in a
    supported format."""
    try:
        if elf.frame_header:
            return FrameTable(elf.read, *elf.frame_header)
    except BadRead:
        pass
    return _frame_section(elf, ".eh_frame")


def _debug_frames(elf: Elf):
    """The FrameSection of a file's .debug_frame, or None."""
    return _frame_section(elf, ".debug_frame")


def _frame_section(elf: Elf, name: str):
    try:
        data = elf.unpacked_section(name, FRAME_SECTION_MAX)
        address = elf.section(name)
        return FrameSection(data, address, name == ".debug_frame") if data else None
    except (BadRead, OSError):
        return None


def _uses_python(elf: Elf) -> bool:
    try:
        return elf.has_dynamic_name(b"Py", b"_Py")
    except OSError:
        return False


def _go_table(elf: Elf):
    """The GoTable of a file, None if it has none in a supported format."""
    try:
        return GoTable(elf)
    except (BadRead, OSError, struct.error):
        return None


def _build_id(elf: Elf) -> str:
    try:
        return elf.build_id()
    except OSError:
        return ""


def _stack_words(pid: int, pointers: dict):
    """Yields the words on the threads' stacks, while the threads run."""
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
