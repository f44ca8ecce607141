"""The target's executable and libraries, opened so that gdb can read exactly the mapped file.

The owner of the target chooses its paths. A path may name another file here (other mounts, another
root, a replaced file), lead out of the target's root through a symbolic link, or be a FIFO when it
is opened. It may also contain characters that end a gdb command. So this module opens the file
itself, component by component or through /proc/PID/map_files, without following links, checks it,
and gives gdb a name for the descriptor:

    /proc/self/fd/N             if its path does not exist here: gdb resolves the name that it
                                opens to a real path, and opens that path again later
    target:/proc/self/fd/N      if its path exists here: gdb does not resolve these names (but if
                                the target is in another mount namespace, gdb would open them there)
    /proc/self/fd/N of a copy   if neither name works

A path of plain characters through directories that no other user can write to is given to gdb
unchanged: gdb then finds separate debug files beside it.
"""
import contextlib
import errno
import os
import re
import resource
import stat

from pmp_procfs import maps_text, raw_path, read_link, root_link, same_namespace, vdso_range

FILE_MAX = 1 << 32  # bytes; a longer file is not read
COPY_MAX = 1 << 28  # bytes of the longest copy
DESCRIPTORS_MAX = 1 << 16
LINKS_MAX = 16  # symbolic links on the way to a debug file
CAN_COPY = hasattr(os, "memfd_create")  # Python 3.8
DELETED = " (deleted)"
PLAIN_PATH = re.compile(r"/[A-Za-z0-9_+.,=@%:/-]*\Z")


class Refused(Exception):
    """The file must not be read. Its text is the reason, for pmp's user."""


class File:
    """One open file; the owner calls `close`. `name`: the name for gdb's commands; `local`: the
    path by which this process opens it."""

    def __init__(self, name: str, local: str, descriptors: tuple) -> None:
        self.name = name
        self.local = local
        self._descriptors = descriptors

    def close(self) -> None:
        """Closes the descriptors: both names become invalid."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = ()


def raise_descriptor_limit() -> None:
    """Raises the limit of open files, which a target with many libraries needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    top = DESCRIPTORS_MAX if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS_MAX)
    if soft != resource.RLIM_INFINITY and soft < top:
        resource.setrlimit(resource.RLIMIT_NOFILE, (top, hard))


def open_program(pid: int) -> File:
    """The target's executable, even if its path was replaced or deleted. OSError, Refused."""
    path = "/proc/%d/exe" % pid
    with _closed_on_error(os.open(path, os.O_PATH | os.O_CLOEXEC)) as descriptor:
        local, text = _checked_path(descriptor), read_link(path)
        # gdb's command `file` does not accept "target:"; it would use the real path.
        if _is_trusted(text, descriptor):
            return File(path, local, (descriptor,))
        if not _path_exists(local):
            return File(local, local, (descriptor,))
        if os.fstat(descriptor).st_size > COPY_MAX and _is_same(text, descriptor):
            return File(path, local, (descriptor,))
        return _copy_to_memory(local, descriptor)


def open_mapped(pid: int, start: int, end: int, path: str) -> File:
    """The file that is mapped at `start` to `end` under `path`. OSError: it can no longer be
    opened; Refused."""
    with _closed_on_error(_open_mapped(pid, start, end, path)) as descriptor:
        local = _checked_path(descriptor)
        if _is_trusted(path, descriptor):
            return File(path, local, (descriptor,))
        return _file_of_descriptor(local, descriptor)


def open_named(path: str) -> File:
    """The file that has this path in this process's root. OSError, Refused."""
    with _closed_on_error(open_beneath("/", path)[0]) as descriptor:
        local = _checked_path(descriptor)
        if _is_trusted(path, descriptor):
            return File(path, local, (descriptor,))
        return _file_of_descriptor(local, descriptor)


def open_descriptor(path: str) -> File:
    """A file that another process has open. path: /proc/PID/fd/N. OSError, Refused."""
    with _closed_on_error(os.open(path, os.O_PATH | os.O_CLOEXEC)) as descriptor:
        return _file_of_descriptor(_checked_path(descriptor), descriptor)


def open_data(pid: int, start: int, end: int, path: str) -> File:
    """As open_mapped, for this process only: its `name` is not for gdb. OSError, Refused."""
    try:
        descriptor = _open_mapped(pid, start, end, path)
    except OSError:
        program = "/proc/%d/exe" % pid
        if read_link(program) != path:
            raise
        descriptor = os.open(program, os.O_PATH | os.O_CLOEXEC)
    with _closed_on_error(descriptor):
        local = _checked_path(descriptor)
        return File(local, local, (descriptor,))


def open_debug(root: str, path: str) -> File:
    """The file of this path below `root`, a link to a root directory: a debug file. OSError,
    Refused."""
    with _closed_on_error(open_followed(root, path)) as descriptor:
        return _file_of_descriptor(_checked_path(descriptor), descriptor)


@contextlib.contextmanager
def _closed_on_error(descriptor: int):
    try:
        yield descriptor
    except (OSError, Refused):
        os.close(descriptor)
        raise


def _open_mapped(pid: int, start: int, end: int, path: str) -> int:
    """Tries /proc/PID/map_files first, which needs root but no path (proc(5))."""
    try:
        return os.open("/proc/%d/map_files/%x-%x" % (pid, start, end), os.O_PATH | os.O_CLOEXEC)
    except OSError:
        if path.endswith(DELETED):
            raise
    if same_namespace(pid, "mnt"):
        return open_beneath("/", path)[0]
    return open_beneath(root_link(pid), path)[0]


def _checked_path(descriptor: int) -> str:
    """The path by which this process opens the file. Refused: it is not regular, or too long."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise Refused("it is no regular file")
    if status.st_size > FILE_MAX:
        raise Refused("it has %d bytes" % status.st_size)
    return "/proc/self/fd/%d" % descriptor


def open_beneath(root: str, path: str) -> tuple:
    """(O_PATH descriptor of `path` below `root`, True if only root or this user can have put it
    there). The caller closes the descriptor and can open it again through /proc/self/fd. OSError if
    a directory of the path is a symbolic link; a link as the last component is itself opened."""
    at = os.open(root, os.O_PATH | os.O_CLOEXEC)
    trusted = True
    for name in raw_path(path).split(b"/"):
        if name in (b"", b".."):
            continue
        trusted = trusted and _is_trusted_entry(os.fstat(at))
        try:
            below = os.open(name, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at, trusted and _is_trusted_entry(os.fstat(at))


def open_followed(root: str, path: str) -> int:
    """An O_PATH descriptor of `path` below `root`. Symbolic links are followed as by a process with
    this root directory: none leads out of it. OSError, also for too many links."""
    opened = [os.open(root, os.O_PATH | os.O_CLOEXEC)]  # the way from the root
    left, links = raw_path(path).split(b"/")[::-1], 0
    try:
        while left:
            name = left.pop()
            if name == b".." and len(opened) > 1:
                os.close(opened.pop())
            if name in (b"", b".", b".."):
                continue
            opened.append(os.open(name, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW,
                                  dir_fd=opened[-1]))
            if not stat.S_ISLNK(os.fstat(opened[-1]).st_mode):
                continue
            links += 1
            if links > LINKS_MAX:
                raise OSError(errno.ELOOP, "too many links")
            goal = os.readlink(b"", dir_fd=opened[-1])
            for at in opened[1 if goal.startswith(b"/") else -1:]:
                os.close(opened.pop())
            left += goal.split(b"/")[::-1]
        return opened.pop()
    finally:
        for at in opened:
            os.close(at)


def _is_trusted_entry(status: os.stat_result) -> bool:
    writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
    return status.st_uid in (0, os.geteuid()) and not writable


def _is_trusted(path: str, descriptor: int) -> bool:
    """Does `path` name the open file here, and can no other user change that?"""
    if not PLAIN_PATH.match(path):
        return False
    try:
        at, trusted = open_beneath("/", path)
    except OSError:
        return False
    try:
        return trusted and os.path.samestat(os.fstat(at), os.fstat(descriptor))
    finally:
        os.close(at)


def _is_same(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(raw_path(path)), os.fstat(descriptor))
    except (OSError, ValueError):
        return False


def _path_exists(local: str) -> bool:
    try:
        os.stat(raw_path(read_link(local)))
    except (OSError, ValueError):
        return False
    return True


def _file_of_descriptor(local: str, descriptor: int) -> File:
    return File("target:" + local if _path_exists(local) else local, local, (descriptor,))


def _copy_to_memory(local: str, descriptor: int) -> File:
    """A copy in memory, whose real path does not exist. Closes the descriptor."""
    size = os.fstat(descriptor).st_size
    if size > COPY_MAX:
        raise Refused("it has %d bytes, and another file has its path here" % size)
    if not CAN_COPY:
        raise Refused("another file has its path here, and gdb's Python is too old for a copy")
    copy = _create_memory_file(read_chunks(local, 0, size))
    os.close(descriptor)
    return copy


def open_vdso(size: int) -> File:
    """A copy of this process's vdso, for a target whose vdso has `size` bytes. OSError: this
    process's vdso has another size."""
    start, end = vdso_range(maps_text(os.getpid()))
    if not size or end - start != size:
        raise OSError("not the same")
    return _create_memory_file(read_chunks("/proc/self/mem", start, size))


def memory_file(data: bytes) -> File:
    """A file in memory with these bytes. OSError."""
    return _create_memory_file((data,))


def _create_memory_file(chunks) -> File:
    if not CAN_COPY:
        raise OSError("gdb's Python is too old for a copy")
    with _closed_on_error(os.memfd_create("pmp")) as copy:
        for data in chunks:
            while data:
                data = data[os.write(copy, data):]
        name = "/proc/self/fd/%d" % copy
        return File(name, name, (copy,))


def read_chunks(local: str, start: int, size: int):
    """Yields up to `size` bytes of a file from byte `start` on, in chunks."""
    with open(local, "rb", buffering=0) as file:
        file.seek(start)
        while size > 0:
            data = file.read(min(size, 1 << 20))
            if not data:
                break
            size -= len(data)
            yield data
