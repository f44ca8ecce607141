"""Safe reading of the target's memory: every length is capped, every failure is one exception.

Two dangers, as in any reader of a live process: cost (nothing here follows a chain by itself) and
corrupt data (no number from the target is trusted: not as a length, not as an address to go on from).
"""
import struct

import gdb

READ_MAX = 1 << 20
TEXT_MAX = 1024  # characters of a name or path; what is longer is cut and ends in "..."


class BadRead(Exception):
    """The target's memory does not hold what was expected there."""


class Memory:
    """Reads of one inferior. A thread of it must be selected and stopped."""

    def __init__(self, inferior: "gdb.Inferior") -> None:
        self._inferior = inferior

    def read(self, addr: int, size: int) -> bytes:
        if addr <= 0 or addr >> 64 or not 0 <= size <= READ_MAX:
            raise BadRead("0x%x, %d bytes" % (addr, size))
        try:
            return bytes(self._inferior.read_memory(addr, size))
        except gdb.error as err:
            raise BadRead(str(err))

    def pointer(self, addr: int) -> int:
        return struct.unpack("<Q", self.read(addr, 8))[0]


def pointer_at(data: bytes, offset: int) -> int:
    """The 64-bit little-endian number at `offset` of bytes that were read before."""
    return struct.unpack_from("<Q", data, offset)[0]


def int_at(data: bytes, offset: int) -> int:
    return struct.unpack_from("<i", data, offset)[0]
