"""The words and strings of one mapped file: its writable segments as the target has them now, and
its constants as the file has them."""
import array
import bisect
import struct

from pmp_memory import READ_MAX, BadRead

WRITABLE_MAX = 1 << 24  # bytes of a file's writable segments that are read
CONSTANTS_MAX = 1 << 28
STRING_MAX = 200


def read_readable(memory, address: int, size: int) -> bytes:
    """The bytes from an address on that can be read, `size` at most."""
    pieces, end = [], address + size
    while address < end:
        try:
            pieces.append(memory.read_some(address, min(end - address, READ_MAX)))
        except BadRead:
            break
        address += len(pieces[-1])
    return b"".join(pieces)


class FileWords:
    """Addresses are those of the target. `segments`: [(address, array of 64-bit words)]."""

    def __init__(self, memory, elf, bias: int, starts) -> None:
        """memory: a MemoryReader; starts: addresses in the file at which functions begin. OSError.
        """
        self._memory = memory
        self.starts = frozenset(start + bias for start in starts)
        self._constants = sorted((address + bias, data) for address, data in elf.constants())
        self._constant_starts = [address for address, _ in self._constants]
        self._strings = {}
        self.segments = [self._read_words(address + bias, size)
                         for address, size in elf.variable_ranges()]

    def _read_words(self, address: int, size: int) -> tuple:
        """The readable words from an address on."""
        start = address + 7 & ~7
        data = read_readable(self._memory, start, min(size, WRITABLE_MAX))
        words = array.array("Q")
        words.frombytes(data[:len(data) & ~7])
        return start, words

    def places(self) -> list:
        """[(address, size)] of the segments."""
        return [(start, 8 * len(words)) for start, words in self.segments]

    def words(self, address: int, count: int) -> tuple:
        """`count` words at an address of any mapping. BadRead."""
        for start, words in self.segments:
            at = address - start
            if not at & 7 and 0 <= at and at // 8 + count <= len(words):
                return tuple(words[at // 8:at // 8 + count])
        return struct.unpack("<%dQ" % count, self._memory.read(address, 8 * count))

    def find_word(self, word: int):
        """Yields the address of each word of the segments that has this value."""
        pattern = struct.pack("<Q", word)
        for start, words in self.segments:
            data = words.tobytes()
            at = data.find(pattern)
            while at >= 0:
                if not at & 7:
                    yield start + at
                at = data.find(pattern, at + 1)

    def is_data(self, address: int) -> bool:
        """Is it in a segment?"""
        return any(start <= address < start + 8 * len(words) for start, words in self.segments)

    def string(self, address: int) -> bytes:
        """The string constant at an address; b"" if there is none of at most STRING_MAX bytes."""
        if address not in self._strings:
            self._strings[address] = self._find_string(address)
        return self._strings[address]

    def _find_string(self, address: int) -> bytes:
        at = bisect.bisect_right(self._constant_starts, address) - 1
        if at >= 0 and address - self._constants[at][0] < len(self._constants[at][1]):
            start, data = self._constants[at]
            data = data[address - start:address - start + STRING_MAX]
        elif self.is_data(address):
            try:
                data = self._memory.read_some(address, STRING_MAX)
            except BadRead:
                return b""
        else:
            return b""
        return data.partition(b"\0")[0] if b"\0" in data else b""
