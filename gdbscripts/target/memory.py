"""Safe reading of the target's memory: every length is capped, every failure is one exception.

A reader of a live process has two dangers. Cost: no function here follows a chain of pointers.
Corrupt data: no number from the target is trusted, neither as a length nor as an address.
"""
import os
import struct
import time

READ_MAX = 1 << 20
TEXT_MAX = 1024  # characters of a name or path; a longer one is cut and ends in "..."


# CPU time of this thread, in seconds: gdb's threads for symbols do not count (3.6 has no
# thread_time). A limit by it cuts no more on a busy machine.
cpu_time = getattr(time, "thread_time", time.process_time)


class BadRead(Exception):
    """The target's memory does not hold the expected data, or cannot be read."""


class MemoryReader:
    """The part that all kinds of memory share. Each kind has read_some(address, size): the bytes
    that are readable there, at least one if `size` is not 0; BadRead if there is none."""

    is_late = False  # as in Memory

    def read(self, addr: int, size: int) -> bytes:
        """Exactly `size` bytes; BadRead."""
        data = self.read_some(addr, size)
        if len(data) != size:
            raise BadRead("0x%x, %d bytes" % (addr, size))
        return data

    def pointer(self, addr: int) -> int:
        """The 64-bit little-endian number at an address; BadRead."""
        return struct.unpack("<Q", self.read(addr, 8))[0]


class Memory(MemoryReader):
    """The memory of one process, read through /proc/PID/mem."""

    def __init__(self, pid: int) -> None:
        self._path = "/proc/%d/mem" % pid
        self._file = -1
        self._deadline = float("inf")
        self.is_late = False  # a read failed because it came too late; the caller resets it

    def limit(self, seconds=None) -> None:
        """From now on reads fail after this time, None: without a limit. So what is read while a
        thread is stopped does not stop it for longer, however much there is."""
        self._deadline = float("inf") if seconds is None else time.monotonic() + seconds

    def read_some(self, addr: int, size: int) -> bytes:
        """1 to `size` bytes at an address. BadRead, also if `size` is more than READ_MAX."""
        if addr <= 0 or addr >> 63 or not 0 <= size <= READ_MAX:
            raise BadRead("0x%x, %d bytes" % (addr, size))
        if time.monotonic() > self._deadline:
            self.is_late = True
            raise BadRead("the stop took too long")
        try:
            data = os.pread(self._file, size, addr) if self._file >= 0 else b""
            # An empty read: the process has executed another program since the file was opened.
            return data or self._reopen_and_read(addr, size)
        except OSError as err:
            raise BadRead("0x%x: %s" % (addr, err))

    def _reopen_and_read(self, addr: int, size: int) -> bytes:
        self.close()
        self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(self._file, size, addr)

    def close(self) -> None:
        """Closes the file; the next read opens it again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def pointer_at(data: bytes, offset: int) -> int:
    """The unsigned 64-bit little-endian number at `offset` of `data`."""
    return struct.unpack_from("<Q", data, offset)[0]


def int_at(data: bytes, offset: int) -> int:
    """The signed 32-bit little-endian number at `offset` of `data`."""
    return struct.unpack_from("<i", data, offset)[0]
