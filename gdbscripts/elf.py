"""As much of the ELF format as it takes to know where a file's code lies in the target (elf(5))."""
import struct

from pmp_memory import BadRead

ET_EXEC = 2
PT_LOAD = 1
PF_X = 1
HEADERS_MAX = 1000


class Elf:
    """What a 64-bit little-endian file says of its loaded segments."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            head = file.read(64)
            if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":
                raise BadRead("no 64-bit ELF file")
            kind, = struct.unpack_from("<H", head, 16)
            start, = struct.unpack_from("<Q", head, 32)
            size, count = struct.unpack_from("<HH", head, 54)
            if size < 56 or count > HEADERS_MAX:
                raise BadRead("odd program headers")
            file.seek(start)
            table = file.read(size * count)
        self.fixed = kind == ET_EXEC
        self.end = 0  # of its addresses
        self._code = []
        for at in range(0, len(table) - size + 1, size):
            header = struct.unpack_from("<IIQQQQ", table, at)
            if header[0] != PT_LOAD:
                continue
            self.end = max(self.end, header[3] + header[5])
            if header[1] & PF_X:
                self._code.append((header[2], header[3], header[5]))

    def bias(self, start: int, offset: int) -> int:
        """What the target adds to the file's addresses, if its byte `offset` is mapped at `start`."""
        for at, address, size in self._code:
            if at - 4096 < offset < at + size:
                return start - offset + at - address
        raise BadRead("no code is mapped there")
