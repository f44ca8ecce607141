"""Safe reading of the target's memory: every length is capped, every failure is one exception.

Two dangers, as in any reader of a live process: cost (nothing here follows a chain by itself) and
corrupt data (no number from the target is trusted: not as a length, not as an address to go on from).
"""
import os
import struct

READ_MAX = 1 << 20
TEXT_MAX = 1024  # characters of a name or path; what is longer is cut and ends in "..."


class BadRead(Exception):
    """The target's memory does not hold what was expected there."""


class MemoryReader:
    """What all kinds of memory have, over the `some` of each: as much of (address, size) as is there, at least a byte if
    `size` is not 0; BadRead."""

    def read(self, addr: int, size: int) -> bytes:
        data = self.read_some(addr, size)
        if len(data) != size:
            raise BadRead("0x%x, %d bytes" % (addr, size))
        return data

    def pointer(self, addr: int) -> int:
        return struct.unpack("<Q", self.read(addr, 8))[0]


class Memory(MemoryReader):
    """Reads of one process that this gdb traces: by /proc/PID/mem, as gdb's own do, without what gdb does around them.
    Its threads should be stopped."""

    def __init__(self, pid: int) -> None:
        self._path = "/proc/%d/mem" % pid
        self._file = -1

    def read_some(self, addr: int, size: int) -> bytes:
        if addr <= 0 or addr >> 63 or not 0 <= size <= READ_MAX:
            raise BadRead("0x%x, %d bytes" % (addr, size))
        try:
            data = os.pread(self._file, size, addr) if self._file >= 0 else b""
            # Nothing at all: the program that this was opened of is gone, the process has executed another one.
            return data or self._reopen_and_read(addr, size)
        except OSError as err:
            raise BadRead("0x%x: %s" % (addr, err))

    def _reopen_and_read(self, addr: int, size: int) -> bytes:
        self.close()
        self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(self._file, size, addr)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def pointer_at(data: bytes, offset: int) -> int:
    """The 64-bit little-endian number at `offset` of bytes that were read before."""
    return struct.unpack_from("<Q", data, offset)[0]


def int_at(data: bytes, offset: int) -> int:
    return struct.unpack_from("<i", data, offset)[0]
