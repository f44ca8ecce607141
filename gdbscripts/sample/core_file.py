"""A core file as a target: memory, mappings, threads and registers, read without gdb's core reader.

Format: elf(5); the notes of Linux on x86-64: struct elf_prstatus and elf_prpsinfo (linux/elfcore.h,
sys/procfs.h), NT_FILE and NT_SIGINFO (fs/binfmt_elf.c), the auxiliary vector (getauxval(3)). A core
does not contain all of the mapped files: code and constants, mostly, are read from the file itself
if it is still the same.
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

PT_LOAD, PT_NOTE, PF_X, ET_CORE, EM_X86_64, PN_XNUM = 1, 4, 1, 4, 62, 0xffff
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_FILE, NT_SIGINFO = 1, 3, 6, 0x46494c45, 0x53494749
AT_SYSINFO_EHDR = 33
HEADERS_MAX, NOTES_MAX, FILES_MAX = 1 << 20, 1 << 28, 1 << 20
PAGE = 4096
SIGNAL_AT, TID_AT, REGISTERS_AT = 12, 32, 112  # offsets in elf_prstatus
PID_AT, PPID_AT, NAME_AT, NAME_SIZE = 24, 28, 40, 16  # offsets in elf_prpsinfo
FAULT_AT = 16  # offset of si_addr in siginfo_t
FAULTS = (4, 5, 7, 8, 11)  # signals with si_addr: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV


class Core:
    """A parsed core file. It stays open until the process ends."""

    def __init__(self, path: str, program: str) -> None:
        """program: a file to use as the executable, "": the one that was mapped. OSError,
        BadRead."""
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.program = program
        self.pid = self.ppid = self.signal = self.fault = 0  # signal: its number; fault: si_addr
        self.name = ""
        self.threads = {}  # tid -> its struct user_regs_struct; the first one got the signal
        self.files = []  # [(start, end, offset, path)] of all mapped files, in order
        self._code = {}  # path -> Elf.code_offsets
        self._segments = []  # [(address, size, size in the core, offset, flags)], in order
        self._vdso = 0
        self._read_headers()
        if not self.threads:
            raise BadRead("it has no threads")
        self.memory = CoreMemory(self)

    def maps_text(self) -> bytes:
        """The mappings in the format of /proc/PID/maps, only those of files and of the vdso."""
        rows = list(self.files)
        segment = self._segment(self._vdso) if self._vdso else None
        if segment is not None:
            rows.append((segment[0], segment[0] + segment[1], 0, VDSO))
        return b"".join(self._maps_line(*row) for row in sorted(rows))

    def _maps_line(self, start: int, end: int, offset: int, path: str) -> bytes:
        executable = b"x" if self._is_code(start, offset, path) else b"-"
        name = path.encode("utf-8", "surrogateescape").replace(b"\n", b"\\012")
        return b"%x-%x r-%sp %08x 00:00 1 %s\n" % (start, end, executable, offset, name)

    def thread_stats(self) -> dict:
        """{tid: ThreadStat}, as procfs.thread_stats. Only the first thread's name is known."""
        return {tid: ThreadStat(self.name if tid == self.pid else "", "", 0)
                for tid in self.threads}

    def tids(self) -> list:
        """The tids of all threads."""
        return list(self.threads)

    def registers(self, tid: int) -> registers.Registers:
        """The Registers of a thread."""
        return registers.from_bytes(self.threads[tid])

    def bytes_at(self, address: int, size: int) -> bytes:
        """Up to `size` bytes at an address that the core itself contains; b"" if none."""
        segment = self._segment(address)
        if segment is None or address >= segment[0] + segment[2]:
            return b""
        size = min(size, segment[0] + segment[2] - address)
        return os.pread(self._file, size, segment[3] + address - segment[0])

    def file_at(self, address: int):
        """The row of `files` that was mapped at an address, or None."""
        at = bisect.bisect_right(self.files, (address + 1,)) - 1
        row = self.files[at] if at >= 0 else None
        return row if row is not None and row[0] <= address < row[1] else None

    # Parts of these.

    def _segment(self, address: int):
        """The row of _segments that contains an address, or None."""
        at = bisect.bisect_right(self._segments, (address + 1,)) - 1
        found = self._segments[at] if at >= 0 else None
        return found if found is not None and address < found[0] + found[1] else None

    def _is_code(self, address: int, offset: int, path: str) -> bool:
        """Was the mapping executable? gdb's gcore writes no segment for memory that it leaves out:
        then the mapped file decides."""
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
        is_elf = len(head) == 64 and head[:6] == b"\x7fELF\x02\x01"
        if not is_elf or struct.unpack_from("<HH", head, 16) != (ET_CORE, EM_X86_64):
            raise BadRead("it is no core file of x86-64")
        start, sections = struct.unpack_from("<QQ", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        if count == PN_XNUM:  # section 0 has the count
            count, = struct.unpack_from("<I", os.pread(self._file, 64, sections), 44)
        if size < 56 or count > HEADERS_MAX:
            raise BadRead("its program headers are odd")
        table = os.pread(self._file, size * count, start)
        for at in range(0, len(table) - size + 1, size):
            header = struct.unpack_from("<IIQQQQQ", table, at)
            kind, flags, offset, address, _, in_file, in_memory = header
            if kind == PT_LOAD:
                self._segments.append((address, in_memory, in_file, offset, flags))
            elif kind == PT_NOTE:
                self._read_notes(os.pread(self._file, min(in_file, NOTES_MAX), offset))
        self._segments.sort()
        self.files.sort()

    def _read_notes(self, data: bytes) -> None:
        parsers = {NT_PRSTATUS: self._parse_prstatus, NT_PRPSINFO: self._parse_prpsinfo,
                   NT_AUXV: self._parse_auxv, NT_FILE: self._parse_files,
                   NT_SIGINFO: self._parse_siginfo}
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
        if not self.threads:  # the first thread is the one that got the signal
            self.signal = self.signal or struct.unpack_from("<h", data, SIGNAL_AT)[0]
            self.pid = self.pid or tid
        self.threads[tid] = data[REGISTERS_AT:REGISTERS_AT + registers.WORDS.size]

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




class CoreMemory(MemoryReader):
    """The memory of a core: its own bytes, else those of the mapped file."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._files = {}  # path -> descriptor, -1: it cannot be read

    def read_some(self, addr: int, size: int) -> bytes:
        """As Memory.read_some."""
        if addr <= 0 or addr >> 63 or not 0 <= size <= READ_MAX:
            raise BadRead("0x%x, %d bytes" % (addr, size))
        data = b""
        while len(data) < size:
            at, rest = addr + len(data), size - len(data)
            piece = self._core.bytes_at(at, rest) or self._file_bytes(at, rest)
            if not piece:
                break
            data += piece
        if size and not data:
            raise BadRead("0x%x is not in the core" % addr)
        return data

    def _file_bytes(self, addr: int, size: int) -> bytes:
        """Up to `size` bytes of the file that was mapped at an address; b"" if none."""
        row = self._core.file_at(addr)
        if row is None:
            return b""
        start, end, offset, path = row
        if path not in self._files:
            self._files[path] = self._open(path)
        if self._files[path] < 0:
            return b""
        # Up to the end of the page: the core may contain the next page itself.
        size = min(size, end - addr, PAGE - addr % PAGE)
        return os.pread(self._files[path], size, addr - start + offset)

    def _open(self, path: str) -> int:
        try:
            return os.open(open_unchanged(self._core, path).local, os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, Refused):
            return -1


def open_unchanged(core: Core, path: str) -> File:
    """The file that was mapped under this path. Refused: its first page is different now;
    OSError."""
    is_program = core.program and core.files and path == _program_of(core)
    file = open_descriptor(core.program) if is_program else open_named(path)
    first = next((start for start, _, offset, name in core.files if name == path and not offset), 0)
    page = core.bytes_at(first, PAGE) if first else b""
    with open(file.local, "rb", buffering=0) as stream:
        now = stream.read(PAGE)
    if page and now[:len(page)] != page[:len(now)]:
        file.close()
        raise Refused("it is not the file that the core is of")
    return file


def _program_of(core: Core) -> str:
    """The path of the executable: the first mapped file with the process's name, else the first
    one."""
    for _, _, _, path in core.files:
        if path.rpartition("/")[2][:NAME_SIZE - 1] == core.name:
            return path
    return core.files[0][3]


class CoreCodeMap(CodeMap):
    """The CodeMap of a core."""

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

    def _read_program_link(self) -> str:
        return _program_of(self._core) if self._core.files else ""


class CorePythonFiles(PythonFiles):
    """The PythonFiles of a core."""

    def __init__(self, core: Core, parse=None) -> None:
        PythonFiles.__init__(self, 0, parse)
        self._core = core

    def maps_text(self) -> bytes:
        return self._core.maps_text()

    def open_file(self, path: str, _place: tuple) -> File:
        return open_unchanged(self._core, path)


class NoPerfMap:
    """In place of perf_map.PerfMap: a core has none."""
    path = ""

    def find(self, _pc: int) -> None:
        return None
