"""A core file as a target: its memory, mappings, threads and registers, read without gdb's own reader of cores.

The format: elf(5); the notes of Linux on x86-64: struct elf_prstatus and elf_prpsinfo (linux/elfcore.h, sys/procfs.h), NT_FILE and
NT_SIGINFO (fs/binfmt_elf.c), the auxiliary vector (getauxval(3)). What a core does not hold of a file that was mapped, code and
constants mostly, is read from that file, if it is still the same.
"""
import bisect
import os
import struct

import pmp_registers as registers
from pmp_code_map import VDSO, CodeMap
from pmp_elf import Elf
from pmp_target_files import File, Refused, memory_file, open_descriptor, open_named
from pmp_memory import READ_MAX, BadRead, MemoryReader
from pmp_procfs import ThreadStat, path_text
from pmp_python_files import PythonFiles

PT_LOAD, PT_NOTE, PF_X, ET_CORE, PN_XNUM = 1, 4, 1, 4, 0xffff
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_FILE, NT_SIGINFO = 1, 3, 6, 0x46494c45, 0x53494749
AT_SYSINFO_EHDR = 33
HEADERS_MAX, NOTES_MAX, FILES_MAX = 1 << 20, 1 << 28, 1 << 20
PAGE = 4096
SIGNAL_AT, TID_AT, REGISTERS_AT = 12, 32, 112  # of elf_prstatus
PID_AT, PPID_AT, NAME_AT, NAME_SIZE = 24, 28, 40, 16  # of elf_prpsinfo
FAULT_AT = 16  # si_addr of siginfo_t
FAULTS = (4, 5, 7, 8, 11)  # SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV have it


class CoreThread:
    """As much of a gdb.InferiorThread as a look needs."""

    def __init__(self, number: int, pid: int, tid: int, words: bytes) -> None:
        self.num, self.ptid, self.words = number, (pid, tid, 0), words

    def is_stopped(self) -> bool:
        return True


class Core:
    def __init__(self, path: str, program: str) -> None:
        """program: a file in place of the one that was the executable; "" if it's that. OSError, BadRead."""
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.program = program
        self.pid = self.ppid = self.signal = self.fault = 0
        self.name = ""
        self.threads, self.files = [], []  # files: (start, end, offset, path)
        self._code = {}  # path -> the ranges of the file that are code
        self._segments, self._vdso = [], 0  # (address, size, size in the core, offset, flags)
        self._read_headers()
        if not self.threads:
            raise BadRead("it has no threads")
        self.memory = CoreMemory(self)

    def maps_text(self) -> bytes:
        """As /proc/PID/maps would have had it, without what is in no file."""
        rows = [(start, end, offset, path) for start, end, offset, path in self.files]
        segment = self._segment(self._vdso) if self._vdso else None
        if segment is not None:
            rows.append((segment[0], segment[0] + segment[1], 0, VDSO))
        return b"".join(b"%x-%x r-%sp %08x 00:00 1 %s\n" % (
            start, end, b"x" if self._is_code(start, offset, path) else b"-", offset,
            path.encode("utf-8", "surrogateescape").replace(b"\n", b"\\012")) for start, end, offset, path in sorted(rows))

    def thread_stats(self) -> dict:
        """tid -> ThreadStat, as procfs.thread_stats."""
        return {thread.ptid[1]: ThreadStat(self.name if thread.ptid[1] == self.pid else "", "", 0) for thread in self.threads}

    def bytes_at(self, address: int, size: int) -> bytes:
        """What the core itself holds there."""
        segment = self._segment(address)
        if segment is None or address >= segment[0] + segment[2]:
            return b""
        return os.pread(self._file, min(size, segment[0] + segment[2] - address), segment[3] + address - segment[0])

    def file_at(self, address: int):
        """The row of `files` that was mapped there, or None."""
        at = bisect.bisect_right(self.files, (address + 1,)) - 1
        return self.files[at] if at >= 0 and self.files[at][0] <= address < self.files[at][1] else None

    # Its parts.

    def _segment(self, address: int):
        at = bisect.bisect_right(self._segments, (address + 1,)) - 1
        found = self._segments[at] if at >= 0 else None
        return found if found is not None and address < found[0] + found[1] else None

    def _is_code(self, address: int, offset: int, path: str) -> bool:
        """gdb's own cores have no segment of what they don't hold: then the file tells."""
        segment = self._segment(address)
        if segment is not None:
            return bool(segment[4] & PF_X)
        if path not in self._code:
            try:
                file = open_unchanged(self, path)
                self._code[path] = Elf(file.local).code_offsets()
                file.close()
            except (OSError, Refused, BadRead):
                self._code[path] = []
        return any(start <= offset < end for start, end in self._code[path])

    def _read_headers(self) -> None:
        head = os.pread(self._file, 64, 0)
        if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<HH", head, 16) != (ET_CORE, 62):
            raise BadRead("it is no core file of x86-64")
        start, sections = struct.unpack_from("<QQ", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        if count == PN_XNUM:  # then section 0 has it
            count, = struct.unpack_from("<I", os.pread(self._file, 64, sections), 44)
        if size < 56 or count > HEADERS_MAX:
            raise BadRead("its program headers are odd")
        table = os.pread(self._file, size * count, start)
        for at in range(0, len(table) - size + 1, size):
            kind, flags, offset, address, _, in_file, in_memory = struct.unpack_from("<IIQQQQQ", table, at)
            if kind == PT_LOAD:
                self._segments.append((address, in_memory, in_file, offset, flags))
            elif kind == PT_NOTE:
                self._read_notes(os.pread(self._file, min(in_file, NOTES_MAX), offset))
        self._segments.sort()
        self.files.sort()

    def _read_notes(self, data: bytes) -> None:
        parsers = {NT_PRSTATUS: self._parse_prstatus, NT_PRPSINFO: self._parse_prpsinfo, NT_AUXV: self._parse_auxv,
                  NT_FILE: self._parse_files, NT_SIGINFO: self._parse_siginfo}
        at = 0
        while at + 12 <= len(data):
            name, size, kind = struct.unpack_from("<III", data, at)
            start = at + 12 + (name + 3 & ~3)
            if kind in parsers:
                parsers[kind](data[start:start + size])
            at = start + (size + 3 & ~3)

    def _parse_prstatus(self, data: bytes) -> None:
        if len(data) < REGISTERS_AT + registers.WORDS.size:
            return
        tid, = struct.unpack_from("<i", data, TID_AT)
        if not self.threads:  # the first is the one that the signal came to
            self.signal = self.signal or struct.unpack_from("<h", data, SIGNAL_AT)[0]
            self.pid = self.pid or tid
        words = data[REGISTERS_AT:REGISTERS_AT + registers.WORDS.size]
        self.threads.append(CoreThread(len(self.threads) + 1, self.pid, tid, words))

    def _parse_prpsinfo(self, data: bytes) -> None:
        if len(data) >= NAME_AT + NAME_SIZE:
            self.pid, self.ppid = struct.unpack_from("<ii", data, PID_AT)
            self.name = path_text(data[NAME_AT:NAME_AT + NAME_SIZE].partition(b"\0")[0])

    def _parse_auxv(self, data: bytes) -> None:
        for key, value in struct.iter_unpack("<QQ", data[:len(data) & ~15]):
            if key == AT_SYSINFO_EHDR:
                self._vdso = value

    def _parse_files(self, data: bytes) -> None:
        if len(data) < 16:
            return
        count, page = struct.unpack_from("<QQ", data, 0)
        count = min(count, FILES_MAX, len(data) // 24)
        names = data[16 + 24 * count:].split(b"\0")
        for at, name in zip(range(16, 16 + 24 * count, 24), names):
            start, end, offset = struct.unpack_from("<QQQ", data, at)
            self.files.append((start, end, offset * page, path_text(name)))

    def _parse_siginfo(self, data: bytes) -> None:
        if len(data) >= FAULT_AT + 8:
            self.signal, = struct.unpack_from("<i", data, 0)
            if self.signal in FAULTS:
                self.fault, = struct.unpack_from("<Q", data, FAULT_AT)


def read_registers(thread: CoreThread):
    return registers.from_words(thread.words)


class CoreMemory(MemoryReader):
    """Of a core and the files that were mapped."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._files = {}  # path -> a descriptor, -1: it cannot be read

    def read_some(self, addr: int, size: int) -> bytes:
        if addr <= 0 or addr >> 63 or not 0 <= size <= READ_MAX:
            raise BadRead("0x%x, %d bytes" % (addr, size))
        data = b""
        while len(data) < size:
            piece = self._core.bytes_at(addr + len(data), size - len(data)) or self._of_file(addr + len(data), size - len(data))
            if not piece:
                break
            data += piece
        if size and not data:
            raise BadRead("0x%x is not in the core" % addr)
        return data

    def _of_file(self, addr: int, size: int) -> bytes:
        row = self._core.file_at(addr)
        if row is None:
            return b""
        start, end, offset, path = row
        if path not in self._files:
            self._files[path] = self._open(path)
        if self._files[path] < 0:
            return b""
        # Up to the page's end, behind which the core may have a page of its own.
        size = min(size, end - addr, PAGE - addr % PAGE)
        return os.pread(self._files[path], size, addr - start + offset)

    def _open(self, path: str) -> int:
        try:
            return os.open(open_unchanged(self._core, path).local, os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, Refused):
            return -1


def open_unchanged(core: Core, path: str) -> File:
    """The file that was mapped under this path. Refused: it is another one now, as its first page tells; OSError."""
    is_program = core.program and core.files and path == _program_of(core)
    file = open_descriptor(core.program) if is_program else open_named(path)
    first = next((start for start, _, offset, name in core.files if name == path and not offset), 0)
    page = core.bytes_at(first, PAGE) if first else b""
    with open(file.local, "rb", buffering=0) as of:
        now = of.read(PAGE)
    if page and now[:len(page)] != page[:len(now)]:
        file.close()
        raise Refused("it is not the file that the core is of")
    return file


def _program_of(core: Core) -> str:
    """Its executable is mapped first, but for a program that was linked to lie elsewhere."""
    for _, _, _, path in core.files:
        if path.rpartition("/")[2][:NAME_SIZE - 1] == core.name:
            return path
    return core.files[0][3]


class CoreCodeMap(CodeMap):
    def __init__(self, core: Core) -> None:
        CodeMap.__init__(self, 0)
        self._core = core

    def maps_text(self) -> bytes:
        return self._core.maps_text()

    def open_file(self, path: str, start: int, end: int) -> File:
        if path == VDSO:
            return memory_file(self._core.bytes_at(start, end - start))
        return open_unchanged(self._core, path)

    def pointers_on_stacks(self, _pointers: dict) -> list:
        return []


class CorePythonFiles(PythonFiles):
    def __init__(self, core: Core) -> None:
        PythonFiles.__init__(self, 0)
        self._core = core

    def maps_text(self) -> bytes:
        return self._core.maps_text()

    def open_file(self, path: str, _place: tuple) -> File:
        return open_unchanged(self._core, path)


class NoPerfMap:
    """What a core has in place of perf_map.PerfMap."""
    path = ""

    def find(self, _pc: int) -> None:
        return None
