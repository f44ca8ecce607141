"""ELF files: where code, data, notes and symbols are. Format: elf(5), 64-bit little-endian."""
import io
import struct

from pmp_memory import BadRead

ET_EXEC = 2
PT_LOAD = 1
PT_DYNAMIC = 2
PT_NOTE = 4
PT_GNU_EH_FRAME = 0x6474e550  # the segment of .eh_frame_hdr (Linux Standard Base Core 5.0)
PF_X, PF_W = 1, 2
SHT_SYMTAB, SHT_NOBITS, SHT_DYNSYM = 2, 8, 11
STT_FUNC = 2
CODE_TYPES = (0, STT_FUNC, 10)  # STT_NOTYPE, as of labels in assembly; STT_GNU_IFUNC
SHN_LORESERVE = 0xff00
SYMBOL = struct.Struct("<IBBHQQ")  # name, info, other, section, value, size
SHF_COMPRESSED, CHDR_SIZE, ELFCOMPRESS_ZLIB = 0x800, 24, b"\1\0\0\0"  # elf.h, Elf64_Chdr
ZDEBUG_HEADER = 12  # "ZLIB" and the size before, in 8 bytes (GNU, before SHF_COMPRESSED)
EXPORTED_MAX = 1 << 19  # functions that a file exports
HEADERS_MAX = 1000
NT_GNU_BUILD_ID = 3  # type of a note whose name is "GNU" (elf.h)
NOTES_MAX = 4096  # bytes of one note segment that are searched
BUILD_ID_MAX = 64
TABLE_MAX = 1 << 28  # bytes of one symbol or string table
SECTIONS_MAX, SECTION_NAMES_MAX = 1 << 16, 1 << 24  # rows, bytes
SHN_XINDEX = 0xffff  # section 0 has the number
OFFSET_MAX = 1 << 62  # in the file
SEARCH_BYTES = 1 << 20  # that are searched at once


class Elf:
    """The loaded segments, sections and symbols of a 64-bit little-endian file. Addresses are
    those of the file; `bias` gives the number that the target adds to them. The file is opened
    again for each read, so nothing has to be closed."""

    def __init__(self, source) -> None:
        """source: a path, or the file's bytes. OSError; BadRead if it is no such file."""
        self._source = source
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
        table = self._bytes(start, size * count)
        self.fixed = kind == ET_EXEC  # the target maps it at the file's own addresses
        self.end = 0  # the address after its last loaded byte
        self.frame_header = None  # (address, size) of .eh_frame_hdr
        self.dynamic = None  # (address, size) of the dynamic section
        self._notes = []  # (offset, size in the file)
        self._loaded = []  # (offset, address, size in the file, flags)
        self._section_list = None
        self._cut_sections = False
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
        """The number that the target adds to the file's addresses if it maps the code at byte
        `offset` of the file to `start`. BadRead: no code segment covers `offset`."""
        for at, address, size, flags in self._loaded:
            if flags & PF_X and at - 4096 < offset < at + size:
                return start - offset + at - address
        raise BadRead("no code is mapped there")

    def read(self, address: int, size: int) -> bytes:
        """The `size` bytes that the file maps at an address. OSError, BadRead."""
        for at, start, length, _ in self._loaded:
            if start <= address and address + size <= start + length:
                data = self._bytes(at + address - start, size)
                if len(data) == size:
                    return data
        raise BadRead("0x%x is not in the file" % address)

    def read_some(self, address: int, size: int) -> bytes:
        """The bytes at an address, `size` at most. OSError, BadRead."""
        for at, start, length, _ in self._loaded:
            if start <= address < start + length:
                return self._bytes(at + address - start, min(size, start + length - address))
        raise BadRead("0x%x is not in the file" % address)

    def text(self, address: int, size: int) -> bytes:
        """The bytes at an address up to a zero byte, `size` at most. OSError, BadRead."""
        return self.read_some(address, size).partition(b"\0")[0]

    def pointer(self, address: int) -> int:
        """The 64-bit number at an address. OSError, BadRead."""
        return struct.unpack("<Q", self.read(address, 8))[0]

    def find(self, pattern: bytes, needed: int = 0):
        """Yields the addresses of the places where the loaded segments have these bytes. needed:
        flags (PF_W) that a segment must have. OSError, BadRead."""
        for _, start, length, flags in self._loaded:
            if flags & needed != needed:
                continue
            for piece in range(start, start + min(length, TABLE_MAX), SEARCH_BYTES):
                data = self.read_some(piece, SEARCH_BYTES + len(pattern) - 1)
                if len(data) < len(pattern):
                    break  # the end of the file
                at = data.find(pattern)
                while at >= 0:
                    yield piece + at
                    at = data.find(pattern, at + 1)

    def build_id(self) -> str:
        """The build ID in hexadecimal, "" if the file has none. OSError."""
        for offset, size in self._notes:
            notes = self._bytes(offset, min(size, NOTES_MAX))
            at = 0
            while at + 16 <= len(notes):
                name, length, kind = struct.unpack_from("<III", notes, at)
                start = at + 12 + (name + 3 & ~3)
                is_build_id = kind == NT_GNU_BUILD_ID and notes[at + 12:at + 16] == b"GNU\0"
                if is_build_id and 0 < length <= BUILD_ID_MAX:
                    return notes[start:start + length].hex()
                at = start + (length + 3 & ~3)
        return ""

    def code_offsets(self) -> list:
        """[(start, end)]: the file's byte ranges, from page starts, that are mapped executable."""
        return [(at & ~4095, at + size) for at, _, size, flags in self._loaded if flags & PF_X]

    def constants(self) -> list:
        """[(address, bytes)]: the content of each read-only segment (code and constants).
        OSError."""
        return self._contents(PF_W, 0)

    def variables(self) -> list:
        """[(address, bytes)]: the content of each writable segment, as the file has it. OSError."""
        return self._contents(PF_W, PF_W)

    def variable_ranges(self) -> list:
        """[(address, size in the file)] of each writable segment."""
        return [(address, size) for _, address, size, flags in self._loaded if flags & PF_W]

    def code(self, limit: int) -> list:
        """[(address, bytes)]: the content of each executable segment. OSError; BadRead: it is
        longer than `limit`."""
        if sum(size for _, _, size, flags in self._loaded if flags & PF_X) > limit:
            raise BadRead("long code")
        return self._contents(PF_X, PF_X)

    def exported_functions(self) -> dict:
        """{address: name} of the functions that other files can call. OSError."""
        found = {}
        for offset, size, names in self._symbol_tables(SHT_DYNSYM):
            data = self._bytes(offset, min(size, SYMBOL.size * EXPORTED_MAX))
            data = data[:len(data) // SYMBOL.size * SYMBOL.size]
            for name, info, _, section, value, _ in SYMBOL.iter_unpack(data):
                if section and info & 15 == STT_FUNC and name < len(names):
                    found.setdefault(value, names[name:names.find(b"\0", name)].decode("latin-1"))
        return found

    def has_dynamic_name(self, *prefixes: bytes) -> bool:
        """Does it export or import a symbol whose name begins with one of them? OSError."""
        for _, _, names in self._symbol_tables(SHT_DYNSYM):
            return any(b"\0" + prefix in names for prefix in prefixes)
        return False

    def has_sections(self) -> bool:
        """Does the file have a section table? OSError."""
        return bool(self._sections())

    def has_section(self, name: str) -> bool:
        """Is there a section of this name? OSError."""
        return any(section[0] == name.encode() for section in self._sections())

    def has_cut_sections(self) -> bool:
        """Are there more sections than are read of any file, or longer names? OSError."""
        self._sections()
        return self._cut_sections

    def has_content(self, name: str) -> bool:
        """Is there a section of this name with bytes in the file? A debug file keeps only the
        headers of others. OSError."""
        return any(section[0] == name.encode() and section[1] != SHT_NOBITS and section[4]
                   for section in self._sections())

    def section_bytes(self, name: str, limit: int) -> bytes:
        """The content of the first section of this name; b"" if there is none. OSError; BadRead: it
        is longer than `limit`."""
        for section in self._sections():
            if section[0] == name.encode():
                if section[4] > limit:
                    raise BadRead("%s has %d bytes" % (name, section[4]))
                return self._bytes(section[3], section[4])
        return b""

    def unpacked_section(self, name: str, limit: int) -> bytes:
        """As section_bytes, for a debug section that may be compressed by zlib: ".zdebug..." or
        SHF_COMPRESSED. BadRead also if it cannot be unpacked."""
        packed = self.section_bytes(".z" + name[1:], limit)
        if packed:
            return _unpacked(packed[ZDEBUG_HEADER:], limit)
        data = self.section_bytes(name, limit)
        if not any(section[0] == name.encode() and section[6] & SHF_COMPRESSED
                   for section in self._sections()):
            return data
        if data[:4] != ELFCOMPRESS_ZLIB:
            raise BadRead("compressed in another way")
        return _unpacked(data[CHDR_SIZE:], limit)

    def function_ranges(self) -> dict:
        """{start: end} of the functions in its symbol tables; end = start: unknown. OSError."""
        found = {}
        for offset, size, _ in self._symbol_tables(SHT_DYNSYM, SHT_SYMTAB):
            data = memoryview(self._bytes(offset, min(size, TABLE_MAX)))
            words = data[:len(data) // SYMBOL.size * SYMBOL.size].cast("Q")
            for head, start, size in zip(words[::3], words[1::3], words[2::3]):
                if (head >> 32) & 15 in CODE_TYPES and 0 < head >> 48 < SHN_LORESERVE:
                    found[start] = max(found.get(start, 0), start + size)
        return found

    def section(self, name: str) -> int:
        """The address of the section of this name, 0 if there is none. OSError."""
        for section in self._sections():
            if section[0] == name.encode():
                return section[2]
        return 0

    def symbols(self, names: tuple) -> dict:
        """{name: address} of those `names` that the file defines, exported or only in its symbol
        table. OSError."""
        found = {}
        for offset, size, text in self._symbol_tables(SHT_DYNSYM, SHT_SYMTAB):
            self._find_symbols(names, (offset, size), text, found)
        return found

    def _contents(self, mask: int, wanted: int) -> list:
        """[(address, bytes)] of the segments whose flags in `mask` are `wanted`. OSError."""
        return [(address, self._bytes(at, min(size, TABLE_MAX)))
                for at, address, size, flags in self._loaded if flags & mask == wanted]

    def _symbol_tables(self, *kinds: int):
        """Yields (offset, size, its names) of each symbol table of these types. OSError."""
        sections = self._sections()
        for _, kind, _, offset, size, link, _ in sections:
            if kind in kinds and link < len(sections):
                names = sections[link]
                yield offset, size, self._bytes(names[3], min(names[4], TABLE_MAX))

    def _find_symbols(self, names: tuple, table: tuple, text: bytes, found: dict) -> None:
        wanted = {}
        for name in names:
            at = text.find(name.encode() + b"\0")
            while at >= 0:  # a string may be the end of a longer string
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
        """[(name, type, address, offset, size, link, flags)] of all sections."""
        if self._section_list is None:
            self._section_list = self._read_sections()
        return self._section_list

    def _read_sections(self) -> list:
        size, count, index = self._section_size, self._section_count, self._names_index
        if size != 64 or not self._sections_at:
            return []  # a program needs no section table
        first = self._bytes(self._sections_at, size) if not count or index == SHN_XINDEX else b""
        if first[size - 1:]:
            count = count or struct.unpack_from("<Q", first, 32)[0]
            index = struct.unpack_from("<I", first, 40)[0] if index == SHN_XINDEX else index
        if count > SECTIONS_MAX:
            self._cut_sections = True
            return []
        table = self._bytes(self._sections_at, size * count)
        if len(table) < size * count or index >= count:
            return []
        rows = [struct.unpack_from("<IIQQQQI", table, at) for at in range(0, size * count, size)]
        self._cut_sections = rows[index][5] > SECTION_NAMES_MAX
        names = self._bytes(rows[index][4], min(rows[index][5], SECTION_NAMES_MAX))
        return [(names[name:names.find(b"\0", name)], kind, address, offset, length, link, flags)
                for name, kind, flags, address, offset, length, link in rows]

    def _bytes(self, offset: int, size: int) -> bytes:
        if offset >= OFFSET_MAX:
            raise BadRead("an odd offset")
        with self._open() as file:
            file.seek(offset)
            return file.read(size)

    def _open(self):
        if isinstance(self._source, bytes):
            return io.BytesIO(self._source)
        return open(self._source, "rb", buffering=0)


def _unpacked(data: bytes, limit: int) -> bytes:
    """BadRead: it is malformed, or longer than `limit`."""
    try:
        import zlib  # a Python may be built without it
        unpacker = zlib.decompressobj()
        found = unpacker.decompress(data, limit)
    except (ImportError, zlib.error) as err:
        raise BadRead(str(err))
    if unpacker.unconsumed_tail:
        raise BadRead("more than %d bytes" % limit)
    return found
