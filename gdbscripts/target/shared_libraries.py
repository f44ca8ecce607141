"""The shared libraries that a program will load, found before its dynamic linker runs (ld.so(8),
elf(5)). gdb can then read their symbols while the program is stopped at its first instruction.

The result is a prediction. A wrong one does no harm: the real mappings are read later.
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
    """[real path] of the libraries of the program that the process executes, in breadth-first
    order. Empty if the process has ended."""
    try:
        program = read_link("/proc/%d/exe" % pid)
        environment = _read("/proc/%d/environ" % pid, NAME_MAX * 256).split(b"\0")
    except OSError:
        return []
    pairs = (word.partition(b"=") for word in environment)
    return of_program(program, {key: value for key, _, value in pairs})


def of_program(program: str, environment: dict) -> list:
    """[real path] of a program's libraries. environment: {bytes: bytes}; LD_PRELOAD and
    LD_LIBRARY_PATH are used."""
    cache = _read(CACHE, CACHE_MAX)
    preloaded = re.split("[ :]", path_text(environment.get(b"LD_PRELOAD", b"")))
    search_path = path_text(environment.get(b"LD_LIBRARY_PATH", b"")).split(":")
    found, queue = [], [program] + [path for path in preloaded if path.startswith("/")]
    first = [folder for folder in search_path if folder.startswith("/")]
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
    """The paths in ld.so.cache that end in this name: each is between two zero bytes."""
    pattern = rb"(?<=\0)(/[^\0]*/" + re.escape(raw_path(name)) + rb")(?=\0)"
    return [path_text(path) for path in re.findall(pattern, cache)]


def _is_library(path: str) -> bool:
    """Is it a 64-bit ELF file? 32-bit libraries have the same names."""
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
    """(names of the libraries that a file needs, folders of its RPATH and RUNPATH)."""
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
        return [path_text(elf.text(strings + value, NAME_MAX))
                for tag, value in entries if tag in tags]
    folders = [folder for path in words(DT_RPATH, DT_RUNPATH) for folder in path.split(":")]
    folders = [folder.replace("$ORIGIN", origin).replace("${ORIGIN}", origin) for folder in folders]
    return words(DT_NEEDED), [folder for folder in folders if folder.startswith("/")]
