"""The target's own names for code that it makes as it runs: /tmp/perf-PID.map, as perf reads it.

Format (Linux, tools/perf/Documentation/jit-interface.txt): a line a function, "START SIZE NAME", both numbers
hexadecimal. PID is the process's own, and /tmp is its own root's. The file is written to as the program runs;
of two lines for one address the later counts. It is read as data: only a regular file of the target's user or
root's, as perf demands it, and no more of it than MAP_MAX.
"""
import bisect
import os
import stat

from pmp_target_files import open_beneath
from pmp_memory import TEXT_MAX
from pmp_procfs import innermost_tid

MAP_MAX = 64 << 20  # bytes


class JitFunction:
    """One function of the map."""
    __slots__ = ("start", "end", "name")

    def __init__(self, start: int, end: int, name: str) -> None:
        self.start = start
        self.end = end
        self.name = name


def parse_line(line: bytes):
    """A Code; None of a line that is none."""
    words = line.split(b" ", 2)
    if len(words) != 3 or not words[2]:
        return None
    try:
        start, size = int(words[0], 16), int(words[1], 16)
    except ValueError:
        return None
    if start <= 0 or size <= 0 or (start + size) >> 64:
        return None
    return JitFunction(start, start + size, words[2][:TEXT_MAX].decode("utf-8", "backslashreplace"))


class PerfMap:
    def __init__(self, pid: int, root: str) -> None:
        self.path = "/tmp/perf-%d.map" % innermost_tid(pid, pid)  # as the target calls it
        self._pid = pid
        self._root = root
        self._position = 0
        self._size = 0  # of the file, when it was read last
        self._file = None  # (device, inode) of it
        self._codes = {}
        self._starts = []

    def __len__(self) -> int:
        return len(self._starts)

    def update(self) -> bool:
        """Reads what came since the last time; True if there is something new. Not while the target is
        stopped."""
        try:
            found = self._open()
        except OSError:
            return False
        try:
            seen = os.fstat(found)
            if (seen.st_dev, seen.st_ino) == self._file and seen.st_size == self._size:
                return False
            return self._read(found)
        except OSError:
            return False
        finally:
            os.close(found)

    def find(self, pc: int):
        """The Code that holds this address, or None."""
        at = bisect.bisect_right(self._starts, pc)
        code = self._codes[self._starts[at - 1]] if at else None
        return code if code is not None and pc < code.end else None

    def _open(self) -> int:
        """The file itself, whatever it is: not opened for reading yet. In another root no link is followed: it would
        lead out of it."""
        if self._root:
            return open_beneath(self._root, self.path)[0]
        return os.open(self.path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)

    def _read(self, found: int) -> bool:
        seen = os.fstat(found)
        if not stat.S_ISREG(seen.st_mode) or seen.st_uid not in (0, os.stat("/proc/%d" % self._pid).st_uid):
            return False
        file = os.open("/proc/self/fd/%d" % found, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if (seen.st_dev, seen.st_ino) != self._file or seen.st_size < self._size:
                self._file, self._position = (seen.st_dev, seen.st_ino), 0
                self._codes.clear()
            self._size = seen.st_size
            return self._add(os.pread(file, max(0, MAP_MAX - self._position), self._position))
        finally:
            os.close(file)

    def _add(self, data: bytes) -> bool:
        """What stands behind the last newline is a line in the making: it comes again."""
        data = data[:data.rfind(b"\n") + 1]
        self._position += len(data)
        for line in data.split(b"\n"):
            code = parse_line(line)
            if code is not None:
                self._codes[code.start] = code
        self._starts = sorted(self._codes)
        return bool(data)
