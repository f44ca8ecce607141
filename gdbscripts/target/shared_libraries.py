"""Which libraries a program will have as it starts, told from its files before its dynamic linker has mapped any: so that gdb
reads their symbols while the program is held at its first instruction (ld.so(8), elf(5)).

A guess, and harmless where it's wrong: what is mapped is looked at later, whatever was expected.
"""
import os
import re
import struct

from pmp_elf import Elf
from pmp_target_files import Refused, open_named
from pmp_memory import BadRead
from pmp_procfs import path_text, raw_path, read_link

CACHE = "/etc/ld.so.cache"
CACHE_MAX = 1 << 24
FOLDERS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
LIBRARIES_MAX = 500
DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 1, 5, 15, 29
NAME_MAX = 4096


def of_process(pid: int) -> list:
    """Their real paths, in the order in which they are needed."""
    try:
        program = read_link("/proc/%d/exe" % pid)
        environment = _read("/proc/%d/environ" % pid, NAME_MAX * 256).split(b"\0")
    except OSError:
        return []
    return of_program(program, {key: value for key, _, value in (word.partition(b"=") for word in environment)})


def of_program(program: str, environment: dict) -> list:
    """environment: its environment."""
    cache = _read(CACHE, CACHE_MAX)
    found, queue = [], [program]
    queue += [path for path in re.split("[ :]", path_text(environment.get(b"LD_PRELOAD", b""))) if path.startswith("/")]
    first = [folder for folder in path_text(environment.get(b"LD_LIBRARY_PATH", b"")).split(":") if folder.startswith("/")]
    while queue and len(found) < LIBRARIES_MAX:
        path = os.path.realpath(queue.pop(0))
        if path in found:
            continue
        found.append(path)
        names, folders = _dynamic(path)
        for name in names:
            places = [os.path.join(folder, name) for folder in first + folders]
            places += _cached(cache, name) + [os.path.join(folder, name) for folder in FOLDERS]
            queue += [place for place in places if _is_library(place)][:1]
    return found[1:]


def _read(path: str, size: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError:
        return b""


def _cached(cache: bytes, name: str) -> list:
    """The paths in ld.so.cache that end in that name: each stands there between two zero bytes."""
    pattern = rb"(?<=\0)(/[^\0]*/" + re.escape(raw_path(name)) + rb")(?=\0)"
    return [path_text(path) for path in re.findall(pattern, cache)]


def _is_library(path: str) -> bool:
    """For this machine: 32-bit ones have the same names."""
    try:
        _with_elf(path, lambda elf: None)
    except (OSError, BadRead, Refused):
        return False
    return True


def _with_elf(path: str, function):
    file = open_named(os.path.realpath(path))
    try:
        return function(Elf(file.local))
    finally:
        file.close()


def _dynamic(path: str) -> tuple:
    """(names of the libraries that a file needs, folders in which it has them looked for)."""
    try:
        return _with_elf(path, lambda elf: _read_dynamic(elf, os.path.dirname(path)))
    except (OSError, BadRead, Refused):
        return [], []


def _read_dynamic(elf: Elf, origin: str) -> tuple:
    if elf.dynamic is None:
        return [], []
    entries = list(struct.iter_unpack("<QQ", elf.read(*elf.dynamic)))
    strings = dict(entries).get(DT_STRTAB, 0)

    def words(*tags: int) -> list:
        return [path_text(elf.text(strings + value, NAME_MAX)) for tag, value in entries if tag in tags]
    folders = [folder for path in words(DT_RPATH, DT_RUNPATH) for folder in path.split(":")]
    folders = [folder.replace("$ORIGIN", origin).replace("${ORIGIN}", origin) for folder in folders]
    return words(DT_NEEDED), [folder for folder in folders if folder.startswith("/")]
