"""The files of the target that contain a CPython, its version and its root variable. All of it is
read from the files, before a thread is stopped.

The root variable is _PyRuntime since 3.7: an exported symbol, or the section .PyRuntime. Before 3.7
it is interp_head, which a stripped file does not name: then the code of PyInterpreterState_Head,
which only loads it, has its address. The version comes from _Py_DebugOffsets (3.13+), from
Py_Version (3.11+), from the string constant with which sys.version begins, or from the file's name.
"""
import re
import struct

from pmp_debug_offsets import COOKIE, SIZE_MAX, version_number
from pmp_elf import Elf
from pmp_target_files import Refused, open_data
from pmp_memory import BadRead
from pmp_procfs import mapped_code, maps_text, file_mappings

SYMBOLS = ("_PyRuntime", "interp_head", "PyInterpreterState_Head", "Py_Version",
           "PyEval_EvalFrameEx", "_PyEval_EvalFrameDefault")
EVALUATORS = SYMBOLS[-2:]
# mov interp_head(%rip),%rax or mov interp_head,%rax; before it optionally endbr64, push %rbp,
# mov %rsp,%rbp.
HEAD_CODE = re.compile(
    rb"(?:\xf3\x0f\x1e\xfa)?(?:\x55\x48\x89\xe5)?\x48\x8b(?:\x05(....)|\x04\x25(....))", re.DOTALL)
VERSION = re.compile(rb"((?:2\.7|3\.\d{1,2})\.\d{1,2}(?:(?:a|b|rc)\d{1,2})?\+?)\0")
FILE_NAME = re.compile(r"python(2\.7|3\.\d{1,2})[^/]*$")
RELEASE_LEVELS = {10: "a", 11: "b", 12: "rc"}


class PythonFile:
    """A file that contains a CPython, at the addresses at which the target has mapped it."""
    __slots__ = ("path", "root", "version", "minor", "offsets")

    def __init__(self, path: str) -> None:
        self.path = path
        self.root = 0       # address of its root variable in the target; 0: not found
        self.version = ""   # "3.11.2"; "": unknown
        self.minor = None   # (3, 11)
        self.offsets = b""  # its _Py_DebugOffsets, b"" if it has none


class PythonFiles:
    """The PythonFiles of one target. Each file is read once for each address where it is mapped."""

    def __init__(self, pid: int, parse=None) -> None:
        """parse(Elf, path, bias): as python_file, the default; another interpreter's file."""
        self._pid, self._parse = pid, parse or python_file
        self._known = {}  # key of procfs.file_mappings -> PythonFile or None

    def scan(self) -> list:
        """[PythonFile] that are mapped now."""
        mapped = file_mappings(mapped_code(self.maps_text()))
        self._known = {key: self._known[key] for key in mapped if key in self._known}
        for key, place in mapped.items():
            if key not in self._known:
                self._known[key] = self._open(key[0], place)
        return [found for found in self._known.values() if found is not None]

    def maps_text(self) -> bytes:
        """The mappings in the format of /proc/PID/maps."""
        return maps_text(self._pid)

    def open_file(self, path: str, place: tuple):
        """The target_files.File that is mapped at `place` = (start, end, offset). OSError,
        Refused."""
        return open_data(self._pid, place[0], place[1], path)

    def _open(self, path: str, place: tuple):
        start, _, offset = place
        try:
            file = self.open_file(path, place)
        except (OSError, Refused):
            return None
        try:
            elf = Elf(file.local)
            return self._parse(elf, path, 0 if elf.fixed else elf.bias(start, offset))
        except (OSError, BadRead, struct.error):
            return None
        finally:
            file.close()


def python_file(elf: Elf, path: str, bias: int):
    """The PythonFile of an Elf, None if it contains no CPython. bias: as Elf.bias. OSError,
    BadRead."""
    symbols = elf.symbols(SYMBOLS)
    root = _root(elf, symbols)
    if not root and not any(name in symbols for name in EVALUATORS):
        return None
    found = PythonFile(path)
    found.root = root + bias if root else 0
    number = 0
    if root:
        found.offsets = _offsets(elf, root)
        number = version_number(found.offsets)
    if not number and "Py_Version" in symbols:
        number, = struct.unpack("<I", elf.read(symbols["Py_Version"], 4))
    if number:
        found.version = _version_text(number)
        found.minor = (number >> 24 & 255, number >> 16 & 255)
    else:
        found.version = _version_constant(elf) or _version_of_name(path)
        if found.version:
            found.minor = tuple(int(part) for part in found.version.split(".")[:2])
    return found


def _root(elf: Elf, symbols: dict) -> int:
    """The address of the root variable in the file; 0 if it is not found."""
    root = symbols.get("_PyRuntime") or elf.section(".PyRuntime") or symbols.get("interp_head")
    function = symbols.get("PyInterpreterState_Head")
    if root or not function:
        return root or 0
    code = HEAD_CODE.match(elf.read(function, 32))
    if not code:
        return 0
    if code.group(1) is not None:
        return function + code.end() + struct.unpack("<i", code.group(1))[0]
    return struct.unpack("<i", code.group(2))[0]


def _offsets(elf: Elf, root: int) -> bytes:
    """The bytes of _Py_DebugOffsets, b"" if there are none. The file has the same bytes as the
    target: none is relocated."""
    for size in (SIZE_MAX, 1024):
        try:
            data = elf.read(root, size)
        except BadRead:
            continue
        return data if data.startswith(COOKIE) else b""
    return b""


def _version_text(number: int) -> str:
    """The text of a PY_VERSION_HEX (Include/patchlevel.h): "3.14.0rc2"."""
    text = "%d.%d.%d" % (number >> 24 & 255, number >> 16 & 255, number >> 8 & 255)
    level = RELEASE_LEVELS.get(number >> 4 & 15)
    return text + "%s%d" % (level, number & 15) if level else text


def _version_constant(elf: Elf) -> str:
    """PY_VERSION among the file's string constants, "" if unclear. Of all that look like a version
    (3.2.0 is one of Unicode), it is the one whose tag of compiled files is there too. The linker
    may have made it the end of another string, such as the path of an installation."""
    alone, ends, segments = set(), set(), [data for _, data in elf.constants()]
    for data in segments:
        for match in VERSION.finditer(data):
            before = data[match.start() - 1:match.start()]
            if before == b"\0":
                alone.add(match.group(1))
            elif before not in b"0123456789.":
                ends.add(match.group(1))
    for found in (alone, ends):
        good = [version for version in found if any(_tag(version) in data for data in segments)]
        if len(good) == 1:
            return good[0].decode()
    return ""


def _tag(version: bytes) -> bytes:
    """The tag in names of compiled files since 3.2: cpython-311; for 2.7 the name of its folder."""
    major, minor = version.split(b".")[:2]
    return b"python2.7" if major == b"2" else b"cpython-" + major + minor


def _version_of_name(path: str) -> str:
    match = FILE_NAME.search(path)
    return match.group(1) if match else ""
