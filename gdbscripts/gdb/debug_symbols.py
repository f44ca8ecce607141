"""Loads the debug files that gdb does not find itself.

When gdb loads a file, it reads .gnu_debugdata (unless it was built without lzma), and searches by
build ID and .gnu_debuglink, in this process's root only. It knows neither the target's root nor, as
the network is off, the cache of debuginfod. So the rest is left to debug_files.py. That is done for
a file when the first address of it has no debug information, and so never in a stop.
"""
import gdb

from pmp_debug_files import DebugFiles, open_unpacked
from pmp_elf import Elf
from pmp_memory import BadRead

MINI = ".gnu_debugdata"  # gdb's name of MiniDebugInfo begins with this


class DebugSymbols:
    """The debug files of one program's mapped files. All functions are for the inferior that has
    the symbols; it must be selected."""

    def __init__(self, root: str, pid: int) -> None:
        """As debug_files.DebugFiles."""
        folders = str(gdb.parameter("debug-file-directory") or "").split(":")
        self._debug_files = DebugFiles([path for path in folders if path], root, pid)
        self._opened = {}  # CodeFile -> File of its debug file, None: it has none

    def load(self, file, path: str) -> bool:
        """Searches for the debug file of a CodeFile, once. True if there is one that gdb had not
        found. path: of the mapped file, as the target names it."""
        if file in self._opened:
            return False
        self._opened[file] = None
        objfile, children = _objfile(file.file.name)
        if objfile is None or any(not _is_mini(child) for child in children):
            return False
        debug = self._find(file, path, bool(children))
        if debug is None:
            return False
        self._opened[file] = debug
        try:
            objfile.add_separate_debug_file(debug.name)
        except gdb.error:
            pass  # gdb may keep the file and its symbols: a part of its DWARF can be missing
        return True

    def close(self, file) -> None:
        """Closes the debug file of a CodeFile that is no longer mapped."""
        debug = self._opened.pop(file, None)
        if debug is not None:
            debug.close()

    def _find(self, file, path: str, has_mini: bool):
        try:
            elf = Elf(file.file.local)
            if elf.has_content(".debug_info"):
                return None
            debug = self._debug_files.find(elf, path)
            return open_unpacked(elf) if debug is None and not has_mini else debug
        except (OSError, BadRead):
            return None


def _objfile(name: str) -> tuple:
    """(gdb.Objfile of the file that was loaded by this name, [gdb.Objfile] of its debug files);
    (None, []) unless there is exactly one."""
    objfiles = gdb.objfiles()
    found = [objfile for objfile in objfiles if objfile.owner is None and objfile.username == name]
    if len(found) != 1:
        return None, []
    return found[0], [objfile for objfile in objfiles if objfile.owner == found[0]]


def _is_mini(objfile) -> bool:
    return objfile.filename is not None and objfile.filename.startswith(MINI)
