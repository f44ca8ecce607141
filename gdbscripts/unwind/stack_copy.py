"""A thread's stack as it was in a stop: it is unwound when the thread runs again, so the length of
a stop does not depend on the number of frames.
"""
from pmp_memory import READ_MAX, BadRead, MemoryReader

FIRST_BYTES = 1 << 14  # most stacks have less
BYTES_MAX = 1 << 26
BELOW = 256  # bytes below the stack pointer: a frame that ends has already popped registers


class NotCopied(Exception):
    """A part of memory is needed that was not copied. size: copy so many bytes next time; 0: it is
    no part of this stack."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


class StackCopy(MemoryReader):
    """The memory of a process as the unwinder needs it: the copy of a stack, and code."""

    def __init__(self, memory, start: int, size: int, is_code) -> None:
        """memory: a MemoryReader; start: the stack pointer; is_code(address): may it be read from
        the running process?"""
        start = max(start - BELOW, 0)
        self._memory, self._start, self._is_code = memory, start, is_code
        self._size = size
        pieces = []
        for at in range(0, size, READ_MAX):
            pieces.append(self._read_piece(start + at, min(READ_MAX, size - at)))
            if len(pieces[-1]) < min(READ_MAX, size - at):
                break
        self._data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._is_whole = len(self._data) < size  # the copy ends where the stack does

    def _read_piece(self, start: int, size: int) -> bytes:
        try:
            return self._memory.read_some(start, size)
        except BadRead:
            return b""

    def read_some(self, addr: int, size: int) -> bytes:
        """As Memory.read_some. NotCopied."""
        at = addr - self._start
        if 0 <= at < len(self._data):
            return self._data[at:at + size]
        if self._is_code(addr):
            return self._memory.read_some(addr, size)
        if not 0 <= at < BYTES_MAX:
            raise NotCopied(0)
        if self._is_whole or self._size >= BYTES_MAX:
            raise BadRead("0x%x" % addr)
        raise NotCopied(min(BYTES_MAX, max(8 * self._size, 2 * at)))
