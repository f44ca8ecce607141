"""The names of generated (JIT) code that the target writes to /tmp/perf-PID.map.

Format (Linux, tools/perf/Documentation/jit-interface.txt): one function a line, "START SIZE NAME",
both numbers hexadecimal. PID is the number in the target's pid namespace, /tmp is in its root. The
target appends to the file while it runs; of two lines for one address the later one is valid. As in
perf, the file must be a regular file of the target's user or of root; at most MAP_MAX bytes are
read.
"""
import bisect
import os
import stat

from pmp_target_files import open_beneath
from pmp_memory import TEXT_MAX
from pmp_procfs import innermost_tid

MAP_MAX = 64 << 20  # bytes


class JitFunction:
    """One function of the map: addresses in the target, and its name."""
    __slots__ = ("start", "end", "name")

    def __init__(self, start: int, end: int, name: str) -> None:
        self.start = start
        self.end = end
        self.name = name


def parse_line(line: bytes):
    """The JitFunction of a line, None if the line is malformed."""
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
    """The perf map of one process, as of the last `update`."""

    def __init__(self, pid: int, root: str) -> None:
        """root: as procfs.foreign_root."""
        self.path = "/tmp/perf-%d.map" % innermost_tid(pid, pid)  # as the target names it
        self._pid = pid
        self._root = root
        self._position = 0  # bytes of complete lines that were read
        self._size = 0  # of the file at the last read
        self._file = None  # (device, inode)
        self._functions = {}  # start -> JitFunction
        self._starts = []  # sorted

    def __len__(self) -> int:
        return len(self._starts)

    def update(self) -> bool:
        """Reads the lines that were added since the last call; True if there are any. Do not call
        it while the target is stopped."""
        try:
            descriptor = self._open()
        except OSError:
            return False
        try:
            status = os.fstat(descriptor)
            if (status.st_dev, status.st_ino) == self._file and status.st_size == self._size:
                return False
            return self._read(descriptor)
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def find(self, pc: int):
        """The JitFunction that contains an address, or None."""
        at = bisect.bisect_right(self._starts, pc)
        function = self._functions[self._starts[at - 1]] if at else None
        return function if function is not None and pc < function.end else None

    def _open(self) -> int:
        """An O_PATH descriptor of the file, of whatever type. No link is followed: in another root
        it would lead out of that root."""
        if self._root:
            return open_beneath(self._root, self.path)[0]
        return os.open(self.path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)

    def _read(self, descriptor: int) -> bool:
        status = os.fstat(descriptor)
        owners = (0, os.stat("/proc/%d" % self._pid).st_uid)
        if not stat.S_ISREG(status.st_mode) or status.st_uid not in owners:
            return False
        file = os.open("/proc/self/fd/%d" % descriptor, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if (status.st_dev, status.st_ino) != self._file or status.st_size < self._size:
                self._file, self._position = (status.st_dev, status.st_ino), 0
                self._functions.clear()
            self._size = status.st_size
            size = max(0, MAP_MAX - self._position)
            return self._add_lines(os.pread(file, size, self._position))
        finally:
            os.close(file)

    def _add_lines(self, data: bytes) -> bool:
        """Bytes after the last newline are an incomplete line: they are read again later."""
        data = data[:data.rfind(b"\n") + 1]
        self._position += len(data)
        for line in data.split(b"\n"):
            function = parse_line(line)
            if function is not None:
                self._functions[function.start] = function
        self._starts = sorted(self._functions)
        return bool(data)
