"""The target's executable and libraries, as gdb may open them: as data, each the very file that is mapped.

A path of the target's is text that the target's owner has chosen. It may name another file here (other mounts, another
root, a replaced file), lead out of the target's root by a symbolic link, or be a FIFO by the time it is opened; and it
may hold what a gdb command would take for its end. So a file is opened here, component by component or through
/proc/PID/map_files, without following links, looked at, and given to gdb by its descriptor:

    /proc/self/fd/N             where its path leads nowhere here: gdb takes the real path of what it opens, and
                                looks at that again later
    target:/proc/self/fd/N      where it leads somewhere: gdb leaves these as they are (while the target's files are ours:
                                otherwise it would look for them where the target does)
    the same of a copy          where neither does

A path in plain letters through folders that nobody else may write to is given as it is: gdb then finds debug files beside it.
"""
import contextlib
import os
import re
import resource
import stat

import gdb

from pmp_procfs import maps_text, raw_path, read_link, root_link, same_namespace, vdso_range

FILE_MAX = 1 << 32  # bytes; what is longer is not read
COPY_MAX = 1 << 28  # bytes of memory that a copy may take
DESCRIPTORS_MAX = 1 << 16
CAN_COPY = hasattr(os, "memfd_create")  # Python 3.8
DELETED = " (deleted)"
PLAIN_PATH = re.compile(r"/[A-Za-z0-9_+.,=@%:/-]*\Z")


class Refused(Exception):
    """The file is not to be read; the text says why, for the person."""


class File:
    """One open file. `name`: how gdb is to open it; `local`: how this process does."""

    def __init__(self, name: str, local: str, descriptors: tuple) -> None:
        self.name = name
        self.local = local
        self._descriptors = descriptors

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = ()


def raise_descriptor_limit() -> None:
    """As many descriptors as a process with many libraries needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    top = DESCRIPTORS_MAX if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS_MAX)
    if soft != resource.RLIM_INFINITY and soft < top:
        resource.setrlimit(resource.RLIMIT_NOFILE, (top, hard))


def open_program(pid: int) -> File:
    """The target's executable, whatever has become of its path. OSError, Refused."""
    path = "/proc/%d/exe" % pid
    with _closed_on_error(os.open(path, os.O_PATH | os.O_CLOEXEC)) as descriptor:
        local, text = _checked_path(descriptor), read_link(path)
        # `file` knows no "target:": it would take the real path all the same.
        if _is_trusted(text, descriptor):
            return File(path, local, (descriptor,))
        if not _path_exists(local):
            return File(local, local, (descriptor,))
        if os.fstat(descriptor).st_size > COPY_MAX and _is_same(text, descriptor):
            return File(path, local, (descriptor,))
        return _copy_to_memory(local, descriptor)


def open_mapped(pid: int, start: int, end: int, path: str) -> File:
    """The file that is mapped there, as `path`. OSError: it cannot be opened any more; Refused."""
    with _closed_on_error(_open_mapped(pid, start, end, path)) as descriptor:
        local = _checked_path(descriptor)
        if _is_trusted(path, descriptor):
            return File(path, local, (descriptor,))
        if gdb.selected_inferior().pid and not same_namespace(pid, "mnt") and _path_exists(local):
            return _copy_to_memory(local, descriptor)
        return _file_of_descriptor(local, descriptor)


def open_named(path: str) -> File:
    """The file that has this path here. OSError, Refused."""
    with _closed_on_error(open_beneath("/", path)[0]) as descriptor:
        local = _checked_path(descriptor)
        if _is_trusted(path, descriptor):
            return File(path, local, (descriptor,))
        return _file_of_descriptor(local, descriptor)


def open_descriptor(path: str) -> File:
    """A file by a descriptor of another process's (/proc/PID/fd/N). OSError, Refused."""
    with _closed_on_error(os.open(path, os.O_PATH | os.O_CLOEXEC)) as descriptor:
        return _file_of_descriptor(_checked_path(descriptor), descriptor)


def open_data(pid: int, start: int, end: int, path: str) -> File:
    """As open_mapped, for this process alone: its `name` is not for gdb. OSError, Refused."""
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


@contextlib.contextmanager
def _closed_on_error(descriptor: int):
    try:
        yield descriptor
    except (OSError, Refused):
        os.close(descriptor)
        raise


def _open_mapped(pid: int, start: int, end: int, path: str) -> int:
    """root's way first (proc(5), map_files): it needs no path."""
    try:
        return os.open("/proc/%d/map_files/%x-%x" % (pid, start, end), os.O_PATH | os.O_CLOEXEC)
    except OSError:
        if path.endswith(DELETED):
            raise
    if same_namespace(pid, "mnt"):
        return open_beneath("/", path)[0]
    return open_beneath(root_link(pid), path)[0]


def _checked_path(descriptor: int) -> str:
    """How this process opens it, if it may."""
    seen = os.fstat(descriptor)
    if not stat.S_ISREG(seen.st_mode):
        raise Refused("it is no regular file")
    if seen.st_size > FILE_MAX:
        raise Refused("it has %d bytes" % seen.st_size)
    return "/proc/self/fd/%d" % descriptor


def open_beneath(root: str, path: str) -> tuple:
    """(descriptor to be opened again through /proc/self/fd, may only root and this user have put it there). A link on
    the way is not followed, but an OSError; one at the end is what is opened."""
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


def _is_trusted_entry(seen: os.stat_result) -> bool:
    others = seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not seen.st_mode & stat.S_ISVTX
    return seen.st_uid in (0, os.geteuid()) and not others


def _is_trusted(path: str, descriptor: int) -> bool:
    """Is the file the one at that path of ours, and stays so?"""
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
    """In memory; the real path of that is none. Takes the descriptor."""
    size = os.fstat(descriptor).st_size
    if size > COPY_MAX:
        raise Refused("it has %d bytes, and another file has its path here" % size)
    if not CAN_COPY:
        raise Refused("another file has its path here, and gdb's Python is too old for a copy")
    copy = _create_memory_file(_read_chunks(local, 0, size))
    os.close(descriptor)
    return copy


def open_vdso(size: int) -> File:
    """The code of `size` bytes that the kernel maps into each process: a copy of ours. OSError."""
    start, end = vdso_range(maps_text(os.getpid()))
    if not size or end - start != size:
        raise OSError("not the same")
    return _create_memory_file(_read_chunks("/proc/self/mem", start, size))


def memory_file(data: bytes) -> File:
    """A file with these bytes, in memory. OSError."""
    return _create_memory_file((data,))


def _create_memory_file(pieces) -> File:
    """Of an iterator's bytes. OSError."""
    if not CAN_COPY:
        raise OSError("gdb's Python is too old for a copy")
    with _closed_on_error(os.memfd_create("pmp")) as copy:
        for data in pieces:
            while data:
                data = data[os.write(copy, data):]
        name = "/proc/self/fd/%d" % copy
        return File(name, name, (copy,))


def _read_chunks(local: str, start: int, size: int):
    """What a file has there, as far as it goes."""
    with open(local, "rb", buffering=0) as file:
        file.seek(start)
        while size > 0:
            data = file.read(min(size, 1 << 20))
            if not data:
                break
            size -= len(data)
            yield data
