"""As much of the ELF format as it takes to know where a file's code and data lie in the target (elf(5))."""
import io
import struct

from pmp_memory import BadRead

ET_EXEC = 2
PT_LOAD = 1
PT_DYNAMIC = 2
PT_NOTE = 4
PT_GNU_EH_FRAME = 0x6474e550  # of .eh_frame_hdr (Linux Standard Base Core 5.0)
PF_X, PF_W = 1, 2
SHT_SYMTAB, SHT_DYNSYM = 2, 11
SYMBOL = struct.Struct("<IBBHQQ")  # name, info, other, section, value, size
HEADERS_MAX = 1000
NT_GNU_BUILD_ID = 3  # of a note by "GNU" (elf.h)
NOTES_MAX = 4096  # bytes that are looked at
BUILD_ID_MAX = 64
TABLE_MAX = 1 << 28  # bytes of one symbol or string table


class Elf:
    """What a 64-bit little-endian file says of its loaded segments, sections and symbols.
    Addresses are the file's own: `bias` tells what the target adds to them."""

    def __init__(self, of) -> None:
        """of: a path, or the bytes that a file would have."""
        self._of = of
        with self._open() as file:
            head = file.read(64)
            if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":
                raise BadRead("no 64-bit ELF file")
            kind, = struct.unpack_from("<H", head, 16)
            start, self._sections_at = struct.unpack_from("<QQ", head, 32)
            size, count = struct.unpack_from("<HH", head, 54)
            self._section_size, self._section_count, self._names_index = struct.unpack_from(
                "<HHH", head, 58)
            if size < 56 or count > HEADERS_MAX:
                raise BadRead("odd program headers")
            file.seek(start)
            table = file.read(size * count)
        self.fixed = kind == ET_EXEC
        self.end = 0  # of its addresses
        self.frame_header = None  # (address, size) of .eh_frame_hdr
        self.dynamic = None  # (address, size) of what the dynamic linker reads
        self._notes = []  # (offset, size in the file)
        self._loaded = []  # (offset, address, size in the file, flags)
        self._section_list = None
        for at in range(0, len(table) - size + 1, size):
            header = struct.unpack_from("<IIQQQQ", table, at)
            if header[0] == PT_GNU_EH_FRAME:
                self.frame_header = header[3], header[5]
            if header[0] == PT_DYNAMIC:
                self.dynamic = header[3], header[5] & ~15
            if header[0] == PT_NOTE:
                self._notes.append((header[2], header[5]))
            if header[0] == PT_LOAD:
                self.end = max(self.end, header[3] + header[5])
                self._loaded.append((header[2], header[3], header[5], header[1]))

    def bias(self, start: int, offset: int) -> int:
        """What the target adds to the file's addresses, if its byte `offset` is mapped at `start`."""
        for at, address, size, flags in self._loaded:
            if flags & PF_X and at - 4096 < offset < at + size:
                return start - offset + at - address
        raise BadRead("no code is mapped there")

    def read(self, address: int, size: int) -> bytes:
        """What the file has at an address."""
        for at, start, length, _ in self._loaded:
            if start <= address and address + size <= start + length:
                return self._bytes(at + address - start, size)
        raise BadRead("0x%x is not in the file" % address)

    def text(self, address: int, size: int) -> bytes:
        """The bytes at an address up to a zero byte, `size` at most."""
        for at, start, length, _ in self._loaded:
            if start <= address < start + length:
                return self._bytes(at + address - start, min(size, start + length - address)).partition(b"\0")[0]
        raise BadRead("0x%x is not in the file" % address)

    def build_id(self) -> str:
        """In hexadecimal; "" if it has none."""
        for offset, size in self._notes:
            notes = self._bytes(offset, min(size, NOTES_MAX))
            at = 0
            while at + 16 <= len(notes):
                name, length, kind = struct.unpack_from("<III", notes, at)
                start = at + 12 + (name + 3 & ~3)
                if kind == NT_GNU_BUILD_ID and notes[at + 12:at + 16] == b"GNU\0" and 0 < length <= BUILD_ID_MAX:
                    return notes[start:start + length].hex()
                at = start + (length + 3 & ~3)
        return ""

    def code_offsets(self) -> list:
        """(start, end) of the file's pages that are mapped executable."""
        return [(at & ~4095, at + size) for at, _, size, flags in self._loaded if flags & PF_X]

    def constants(self) -> list:
        """The bytes of each segment that the program cannot write to: its code and constants."""
        return [self._bytes(at, min(size, TABLE_MAX)) for at, _, size, flags in self._loaded
                if not flags & PF_W]

    def has_section(self, name: str) -> bool:
        return any(section[0] == name.encode() for section in self._sections())

    def section(self, name: str) -> int:
        """Where a section lies; 0 if there is none of that name."""
        for section in self._sections():
            if section[0] == name.encode():
                return section[2]
        return 0

    def symbols(self, names: tuple) -> dict:
        """name -> address of those that the file has, exported or in its symbol table."""
        found = {}
        for _, kind, _, offset, size, link in self._sections():
            if kind in (SHT_DYNSYM, SHT_SYMTAB) and link < len(self._sections()):
                strings = self._sections()[link]
                self._find_symbols(names, (offset, size), (strings[3], strings[4]), found)
        return found

    def _find_symbols(self, names: tuple, table: tuple, strings: tuple, found: dict) -> None:
        text = self._bytes(strings[0], min(strings[1], TABLE_MAX))
        wanted = {}
        for name in names:
            at = text.find(name.encode() + b"\0")
            while at >= 0:  # a string may be the end of another one
                wanted[at] = name
                at = text.find(name.encode() + b"\0", at + 1)
        if not wanted:
            return
        data = self._bytes(table[0], min(table[1], TABLE_MAX))
        for at in range(0, len(data) - SYMBOL.size + 1, SYMBOL.size):
            name, _, _, section, value, _ = SYMBOL.unpack_from(data, at)
            if name in wanted and section:
                found.setdefault(wanted[name], value)

    def _sections(self) -> list:
        """(name, type, address, offset, size, link) of each."""
        if self._section_list is None:
            self._section_list = self._read_sections()
        return self._section_list

    def _read_sections(self) -> list:
        size, count = self._section_size, self._section_count
        if size < 64 or self._names_index >= count:
            return []  # a file without them is a good program
        table = self._bytes(self._sections_at, size * count)
        if len(table) < size * count:
            return []
        found = [struct.unpack_from("<IIQQQQI", table, at) for at in range(0, size * count, size)]
        names = self._bytes(found[self._names_index][4], min(found[self._names_index][5], 1 << 20))
        return [(names[name:names.find(b"\0", name)], kind, address, offset, length, link)
                for name, kind, _, address, offset, length, link in found]

    def _bytes(self, offset: int, size: int) -> bytes:
        with self._open() as file:
            file.seek(offset)
            return file.read(size)

    def _open(self):
        return io.BytesIO(self._of) if isinstance(self._of, bytes) else open(self._of, "rb")
