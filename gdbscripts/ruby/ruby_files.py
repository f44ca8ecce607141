"""The files of the target that contain a Ruby: its version and the address of its VM, from symbols
that every build exports (include/ruby/version.h, vm_core.h).

The table of symbols is not exported. In a stripped file it is one of the variables that begin with
a small number and then have zeros (symbol.c: `{tNEXT_ID-1}`); which one shows in the target's
memory.
"""
import re

from pmp_python_files import PythonFiles

ROOT, VERSION, SYMBOLS = "ruby_current_vm_ptr", "ruby_version", "ruby_global_symbols"
VERSION_TEXT = re.compile(rb"(\d{1,2})\.(\d{1,2})\.\d{1,2}")
VERSION_MAX = 16
NEXT_ID = range(171, 2000)  # values of tNEXT_ID - 1, with room (3.0 to 3.4: 220 to 260)
TABLE = re.compile(rb"(?=(..)\0{30})", re.DOTALL)  # the first bytes of a rb_symbols_t
TABLES_MAX = 1000


class RubyFile:
    """A file that contains a Ruby, at the addresses at which the target has mapped it."""
    __slots__ = ("path", "root", "symbols", "version", "minor")

    def __init__(self, path: str, root: int, symbols: list, version: bytes) -> None:
        self.path = path
        self.root = root        # address of ruby_current_vm_ptr
        self.symbols = symbols  # addresses, one of which is that of the rb_symbols_t
        match = VERSION_TEXT.match(version)
        self.version = match.group().decode() if match else ""
        self.minor = (int(match.group(1)), int(match.group(2))) if match else None


def ruby_file(elf, path: str, bias: int):
    """The RubyFile of an Elf, None if it contains no Ruby. bias: as Elf.bias. OSError, BadRead."""
    found = elf.symbols((ROOT, VERSION, SYMBOLS))
    if ROOT not in found or VERSION not in found:
        return None
    tables = [found[SYMBOLS]] if SYMBOLS in found else _possible_tables(elf)
    return RubyFile(path, found[ROOT] + bias, [table + bias for table in tables],
                    elf.text(found[VERSION], VERSION_MAX))


def _possible_tables(elf) -> list:
    """[address in the file] of what may be the rb_symbols_t. OSError."""
    found = []
    for address, data in elf.variables():
        for match in TABLE.finditer(data):
            number = int.from_bytes(match.group(1), "little")
            if number in NEXT_ID and not (address + match.start()) % 8:
                found.append(address + match.start())
    return found[:TABLES_MAX]


def ruby_files(pid: int) -> PythonFiles:
    """The RubyFiles of a process: `scan` finds those that are mapped now."""
    return PythonFiles(pid, ruby_file)
