"""Debug files of a mapped file that has no debug information of its own.

Where they are, and in which form: gdb's manual, "Separate Debug Files" and "MiniDebugInfo", and
debuginfod_find_debuginfo(3):

    .gnu_debugdata                         a section with an ELF file in it, packed by xz
    DEBUG/.build-id/ab/cdef.debug          DEBUG: /usr/lib/debug, or what gdb uses in its place
    FOLDER/NAME, FOLDER/.debug/NAME, DEBUG/FOLDER/NAME
                                           NAME and a CRC are in the section .gnu_debuglink
    CACHE/BUILDID/debuginfo                what debuginfod has fetched; never over the network

Each place is looked at in this process's root and in the target's. All of it is the target's data,
which can be wrong on purpose: a file counts only if it is regular, an ELF file, and has the same
build ID or the CRC.
"""
import binascii
import os
import struct

from pmp_elf import Elf
from pmp_memory import BadRead
from pmp_procfs import path_text, raw_path
from pmp_target_files import File, Refused, memory_file, open_debug, read_chunks

FOLDER = "/usr/lib/debug"
LINK_MAX = 4096  # bytes of .gnu_debuglink
SIZE_MAX = 1 << 30  # bytes of the longest debug file: gdb needs 7 s for it, and a sample waits
PACKED_MAX, UNPACKED_MAX = 1 << 26, 1 << 27  # bytes of .gnu_debugdata
RECORDS_MAX = 1 << 14  # blocks of .gnu_debugdata; xz itself makes one
ENVIRONMENT_MAX = 1 << 20
DEBUGDATA = ".gnu_debugdata"


class DebugFiles:
    """Where to search for debug files: for one target."""

    def __init__(self, folders: list, root: str = "", pid: int = 0) -> None:
        """folders: the DEBUG of this process's root. root: a link to the target's root, "" if it is
        the same one; pid: the target then."""
        self._roots = [("/", folders, os.getppid())]  # pmp, whose environment gdb does not get
        if root:
            self._roots.append((root, [FOLDER], pid))

    def find(self, elf: Elf, path: str):
        """The target_files.File of the first debug file that belongs to a mapped file, None if
        there is none; the caller closes it. path: of the mapped file, as the target names it.
        OSError, BadRead: the mapped file cannot be read."""
        build_id, (name, crc) = elf.build_id(), debug_link(elf)
        for root, folders, pid in self._roots:
            places = [(place, None) for place in _build_id_places(build_id, folders)]
            places += [(place, crc) for place in _link_places(name, path, folders)]
            places += [(place, None) for place in _cache_places(build_id, pid)]
            for place, wanted in places:
                try:
                    file = open_debug(root, place)
                except (OSError, Refused):
                    continue
                try:
                    if _belongs(file.local, elf, build_id, wanted):
                        return file
                except (OSError, BadRead):
                    pass  # no ELF file
                file.close()
        return None


def _build_id_places(build_id: str, folders: list) -> list:
    return ["%s/.build-id/%s/%s.debug" % (folder, build_id[:2], build_id[2:])
            for folder in folders if len(build_id) > 2]


def _link_places(name: str, path: str, folders: list) -> list:
    folder = os.path.dirname(path)
    places = [folder, folder + "/.debug"] + [debug + folder for debug in folders]
    return ["%s/%s" % (place, name) for place in places if name]


def _cache_places(build_id: str, pid: int) -> list:
    folder = cache_folder(_environment(pid)) if build_id else ""
    return ["%s/%s/debuginfo" % (folder, build_id)] if folder else []


def _environment(pid: int) -> dict:
    try:
        with open("/proc/%d/environ" % pid, "rb") as file:
            words = file.read(ENVIRONMENT_MAX).split(b"\0")
    except OSError:
        return {}
    return {key: path_text(value) for key, _, value in (word.partition(b"=") for word in words)}


def cache_folder(environment: dict) -> str:
    """debuginfod's cache for a process with this {bytes: path_text}, "" if it has none."""
    for key, rest in ((b"DEBUGINFOD_CACHE_PATH", ""), (b"XDG_CACHE_HOME", "/debuginfod_client"),
                      (b"HOME", "/.cache/debuginfod_client")):
        if environment.get(key, "").startswith("/"):
            return environment[key] + rest
    return ""


def debug_link(elf: Elf) -> tuple:
    """(name, CRC-32) of .gnu_debuglink: the name, padded to a multiple of 4 bytes, then the CRC.
    ("", 0) if there is none or if its name is no file name. OSError."""
    data = elf.section_bytes(".gnu_debuglink", LINK_MAX)
    name = data.partition(b"\0")[0]
    at = len(name) + 4 & ~3
    if name in (b"", b".", b"..") or b"/" in name or len(data) < at + 4:
        return "", 0
    return path_text(name), struct.unpack_from("<I", data, at)[0]


def _belongs(local: str, elf: Elf, build_id: str, crc) -> bool:
    """Is it a debug file of `elf`, with something that `elf` lacks? crc: the CRC that it must have,
    None: it must have the build ID. OSError, BadRead."""
    debug = Elf(local)
    found = debug.build_id()
    if os.stat(local).st_size > SIZE_MAX:
        return False
    if found != build_id and (crc is None or found):
        return False
    if not has_more(debug, elf):
        return False  # the mapped file itself, mostly
    return crc is None or file_crc(local) == crc


def has_more(debug: Elf, elf: Elf) -> bool:
    """Has the one file debug information or symbols that the other lacks? OSError."""
    return any(debug.has_content(name) and not elf.has_content(name)
               for name in (".debug_info", ".symtab"))


def file_crc(local: str) -> int:
    """The CRC-32 of a file's bytes. OSError."""
    crc = 0
    for data in read_chunks(local, 0, SIZE_MAX):
        crc = binascii.crc32(data, crc)
    return crc


# MiniDebugInfo.


def open_unpacked(elf: Elf):
    """The File of the ELF file in .gnu_debugdata; None if there is none, or none that can be
    read."""
    try:
        import lzma
    except ImportError:
        return None  # this Python was built without it
    try:
        data = elf.section_bytes(DEBUGDATA, PACKED_MAX)
        size = unpacked_size(data)
        if size is None or size > UNPACKED_MAX:
            return None
        unpacked = lzma.LZMADecompressor(lzma.FORMAT_XZ, UNPACKED_MAX).decompress(data, size)
        return memory_file(unpacked) if has_more(Elf(unpacked), elf) else None
    except (lzma.LZMAError, OSError, BadRead):
        return None


def has_bomb(elf: Elf) -> bool:
    """Would .gnu_debugdata cost too much to unpack? gdb does it without a limit, in the memory that
    the index of the data asks for, and ends if it does not get it. OSError."""
    try:
        size = unpacked_size(elf.section_bytes(DEBUGDATA, PACKED_MAX))
    except BadRead:
        return True
    return size is not None and size > UNPACKED_MAX or elf.has_cut_sections()


def unpacked_size(data: bytes):
    """The number of bytes that xz data unpacks to, by its index, as gdb computes it; None if the
    data is malformed. Format: tukaani.org/xz/xz-file-format.txt, 2.1.2 and 4."""
    data = data.rstrip(b"\0")  # padding
    if len(data) < 24 or data[-2:] != b"YZ":
        return None
    length = (struct.unpack_from("<I", data, len(data) - 8)[0] + 1) * 4
    index = data[-12 - length:-12]
    if len(index) < length or index[0]:
        return None
    try:
        count, at = _number(index, 1)
        if count > RECORDS_MAX:
            return UNPACKED_MAX + 1
        size = 0
        for _ in range(count):
            _, at = _number(index, at)
            unpacked, at = _number(index, at)
            size += unpacked
        return size
    except IndexError:
        return None


def _number(data: bytes, at: int) -> tuple:
    """(number, offset after it): 7 bits a byte, the lowest first; bit 7: more follow.
    IndexError."""
    value = 0
    for i in range(9):
        value |= (data[at + i] & 127) << 7 * i
        if data[at + i] < 128:
            return value, at + i + 1
    raise IndexError
