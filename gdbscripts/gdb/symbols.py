"""The target's symbols in gdb, kept in an inferior of their own.

Where gdb has to attach (stop/gdb_stops.py), it would use symbols of the target's inferior in each
stop: the first stop in a compilation unit makes gdb read that unit while the target waits (10 to
200 ms), and each attach visits all files. So the target's inferior has no symbols. A second
inferior has them; it never gets a process, and names are looked up in it while the target runs.
"""
import gdb

from pmp_debug_files import has_bomb
from pmp_debug_symbols import DebugSymbols
from pmp_elf import Elf
from pmp_markers import one_line
from pmp_memory import BadRead
from pmp_target_files import Refused, open_named
from pmp_gdb_text import execute

OBJFILES_MAX = 5  # gdb's objects of one file: its own, and debug files
TARGET = 1  # gdb's number of the target's inferior


class Symbols:
    """Loads the files of a CodeMap into gdb. As a context manager it selects the inferior with the
    symbols."""

    def __init__(self, code, root: str = "", pid: int = 0) -> None:
        """root: a link to the target's root, "" if it is the same as here; pid: the target then."""
        self._code = code
        self._debug = DebugSymbols(root, pid)
        self._preloaded = set()  # paths
        self._pending = []  # (added, removed, has executed) that gdb has not loaded yet
        self._last_inferior = TARGET  # the highest number of an inferior
        self._symbol_inferior = self._add_inferior()

    def __enter__(self) -> "Symbols":
        """Until __exit__, gdb's symbol functions use the symbols. The target should run
        meanwhile."""
        self.load_pending()
        execute("inferior %d" % self._symbol_inferior)
        return self

    def __exit__(self, *_) -> None:
        execute("inferior %d" % TARGET)

    def update(self) -> bool:
        """CodeMap.update; True if the mappings have changed. To load the symbols of a file may take
        gdb a second, in which it cannot take a sample: that is left to load_pending."""
        changed = self._code.update()
        if changed is None:
            return False
        added, removed = changed
        added = [file for file in added if not self._is_bomb(file)]
        self._pending.append((added, removed, self._code.has_executed))
        return True

    def load_pending(self) -> None:
        """Loads the symbols of the files that `update` has found, and closes the removed files."""
        pending, self._pending = self._pending, []
        for added, removed, has_executed in pending:
            if has_executed:
                self._symbol_inferior = self._add_inferior()
            execute("inferior %d" % self._symbol_inferior)
            self._change(added, [] if has_executed else removed)
            execute("inferior %d" % TARGET)
            for file in removed:
                if not has_executed or file.file.name == file.path:
                    file.file.close()
                    self._debug.close(file)

    def load_debug_file(self, address: int) -> bool:
        """Loads the debug file for the code at an address, if gdb has none; True if there is one.
        The symbols must be selected."""
        file = self._code.file_at(address)
        return file is not None and self._debug.load(file, self._code.target_path(file.path))

    def preload(self, paths: list) -> None:
        """Lets gdb read the symbols of files that will be mapped soon. gdb reads a file once for
        all inferiors, as long as one of them has it."""
        paths = [path for path in paths if path not in self._preloaded]
        self._preloaded.update(paths)
        if paths:
            execute("inferior %d" % self._add_inferior())
        for path in paths:
            try:
                file = open_named(path)
            except (OSError, Refused):
                continue
            if file.name == path:
                _try_execute("add-symbol-file %s -o 0" % path)
            file.close()
        execute("inferior %d" % TARGET)

    def _add_inferior(self) -> int:
        """An inferior for the symbols of a new program; its number. The symbols of the previous
        program stay loaded: gdb 13 sometimes crashes when they are removed."""
        execute("add-inferior")
        self._last_inferior += 1
        return self._last_inferior

    def _change(self, added: list, removed: list) -> None:
        """Removes and adds symbol files in the selected inferior. Errors are ignored: gdb may have
        removed a file itself, and a file that gdb cannot read has no names."""
        for file in removed:
            # gdb removes one of its objects there, and a debug file is an object, too.
            for _ in range(OBJFILES_MAX):
                if not _try_execute("remove-symbol-file -a 0x%x" % file.start):
                    break
        for file in added:
            _try_execute("add-symbol-file %s -o 0x%x" % (file.file.name, file.bias))

    def _is_bomb(self, file) -> bool:
        """True: gdb must not read the file. Files that no other user can write are not checked."""
        try:
            if file.file.name == file.path or not has_bomb(Elf(file.file.local)):
                return False
        except (OSError, BadRead):
            return False
        name = one_line(self._code.target_path(file.path))
        self._code.notes.append("%s was not read: its .gnu_debugdata is too large, so its "
                                "functions have no names" % name)
        return True


def _try_execute(command: str) -> bool:
    try:
        execute(command)
    except gdb.error:
        return False
    return True
