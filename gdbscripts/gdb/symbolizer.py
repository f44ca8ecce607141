"""Names for frames from gdb's symbols: the functions of a pc, in the form in which `bt` prints
them.

Names are looked up while the target runs: the first pc of a compilation unit makes gdb read the
whole unit.
"""
import re

import gdb

from pmp_gdb_text import name_text

JIT_CODE = ("[JIT code] ()",)  # names of code that the program has made itself, if it has no name
BEGIN_MAX = 16  # bytes that a symbol may be before its function's call frame information
BLOCKS_MAX = 1000  # nested blocks of one pc
OFFSET = re.compile(r"\+\d+\Z")
PART = re.compile(r"\.part\b|\.cold\.\d")  # of a symbol: a part of a function, which that calls
# The qualifiers that may follow the parameters of a C++ function.
QUALIFIERS = re.compile(r"( const| volatile| noexcept|\s*&{1,2}| \[clone [^]]*\])*\Z")


class Symbolizer:
    """A cache from address to names, filled from gdb's symbols."""

    LIMIT = 200000  # addresses kept; more than a program has on its stacks

    def __init__(self, code, symbols, perf_map, native_names) -> None:
        """A CodeMap, Symbols, PerfMap and NativeNames; borrowed."""
        self._code = code
        self._symbols = symbols
        self._perf_map = perf_map
        self._native_names = native_names
        self._names = {}  # frame.address -> (names, True if gdb has no symbol for it)
        self._parts = {}  # start of a function -> as _part
        self.has_jit_code = False  # a frame was JIT_CODE

    def clear(self) -> None:
        """Forgets all names: libraries were loaded or unloaded, so addresses may have other
        names."""
        self._names.clear()
        self._parts.clear()

    def clear_unnamed(self) -> None:
        """Forgets addresses for which gdb has no symbol: other sources know more names now."""
        for key in [key for key, (_, unnamed) in self._names.items() if unnamed]:
            del self._names[key]

    def resolve(self, frames) -> None:
        """Looks up the frames that are not in the cache. The target should run meanwhile."""
        new = {frame.address: frame for frame in frames
               if not frame.signal and frame.address not in self._names}
        if not new:
            return
        if len(self._names) + len(new) > self.LIMIT:
            self._names.clear()
        with self._symbols:
            for address, frame in new.items():
                self._names[address] = self._resolve_frame(frame)

    def names(self, frame) -> tuple:
        """The names of an unwinder.Frame, each as the rest of a `bt` line after the address: first
        the functions inlined there, innermost first, then the function itself."""
        if frame.signal:
            return ("<signal handler called>",)
        if frame.address not in self._names:
            self.resolve((frame,))
        return self._names[frame.address][0]

    def _resolve_frame(self, frame) -> tuple:
        """(names, True if gdb has no symbol for the address)."""
        address = frame.address
        code_range = self._code.function_range(address)
        functions = _functions(address, code_range)
        if not functions and self._symbols.load_debug_file(address):
            functions = _functions(address, code_range)
        if functions:
            return self._function_lines(functions, address, self._part(code_range)), False
        go_lines = self._code.go_lines(address)
        if go_lines:
            return tuple(self._go_line(address, *line) for line in go_lines), False
        name = _minimal_symbol(address, code_range)
        code = self._perf_map.find(frame.pc) if name is None else None
        if code is not None:
            return ("%s () from %s" % (code.name, self._perf_map.path),), True
        if name is None and self._code.is_generated(address):
            self.has_jit_code = True
            return JIT_CODE, True
        location = self._location(address, _line(address))
        found = name or self._native_names.name(address) or "??"
        return ("%s ()%s" % (found, location),), name is None

    def _function_lines(self, functions: list, address: int, part: str) -> tuple:
        """The innermost function is at the line of the pc, each outer one at the line of the call
        that was inlined. part: as _part."""
        found, line = [], _line(address)
        for i, function in enumerate(functions, 1):
            name = without_parameters(_text(function, "name"))
            name += part if i == len(functions) else ""
            found.append("%s ()%s" % (name, self._location(address, line)))
            line = function
        return tuple(found)

    def _part(self, code) -> str:
        """" [clone .part.0]" for a function whose symbol says that it is a part of one, which
        debug information does not tell; otherwise "". code: as in _functions."""
        if code is None:
            return ""
        if code[0] not in self._parts:
            try:
                text = gdb.execute("info symbol 0x%x" % code[0], to_string=True)
            except gdb.error:
                text = ""
            part = PART.search(text.partition(" in section ")[0])
            self._parts[code[0]] = " [clone %s]" % part.group() if part else ""
        return self._parts[code[0]]

    def _go_line(self, address: int, name: str, file: str, line: int) -> str:
        place = " at %s:%d" % (file, line) if file else " from " + self._code.module_path(address)
        return "%s ()%s" % (name, place)

    def _location(self, address: int, line) -> str:
        if line is not None and line.symtab is not None and line.line:
            return " at %s:%d" % (_text(line.symtab, "filename"), line.line)
        library = self._code.module_path(address)
        return " from " + library if library else ""


def _functions(address: int, code) -> list:
    """[gdb.Symbol]: the functions inlined at an address, innermost first, then the function itself.
    code: (start, end) of the function, None if unknown."""
    try:
        block = gdb.block_for_pc(address)
    except (gdb.error, RuntimeError):
        return []  # no debug information
    found, count = [], 0
    for _ in range(BLOCKS_MAX):
        if block is None or block.is_static or block.is_global:
            break
        if block.function is not None:
            found.append(block.function)
            if (block.start, block.end) == code:
                count = len(found)
        block = block.superblock
    # Blocks outside the function have not inlined it: the function is nested (GNU C, Ada, Pascal).
    return found[:count] if count else found


def _line(address: int):
    """The gdb.Symtab_and_line of an address, None if its debug information is malformed."""
    try:
        return gdb.find_pc_line(address)
    except gdb.error:
        return None


def _text(owner, attribute: str) -> str:
    """A name that gdb has read from debug information, "??" if gdb cannot decode it."""
    try:
        return name_text(getattr(owner, attribute))
    except UnicodeDecodeError:
        return "??"


def _minimal_symbol(address: int, code):
    """The name from the file's symbol table: gdb prints a pointer as "0x401136 <main+4>". If the
    table lacks the function, gdb takes the symbol before it: None then. code: as in _functions."""
    text = str(gdb.Value(address).cast(gdb.lookup_type("void").pointer()))
    name = text.partition(" <")[2]
    if not name.endswith(">"):
        return None
    name, offset = name[:-1], OFFSET.search(name, 0, len(name) - 1)
    if offset is not None:
        name = name[:offset.start()]
    begin = address - (int(offset.group()) if offset else 0)
    if code is not None and begin + BEGIN_MAX < code[0]:
        return None
    return name_text(name)


def without_parameters(name: str) -> str:
    """The name of a C++ function without its parameters, as in gdb's `bt` (gdb does not strip those
    of templates with lambdas; this does)."""
    end = QUALIFIERS.search(name).start()
    if not name.endswith(")", 0, end):
        return name
    depth = 0
    for at in range(end - 1, -1, -1):
        depth += (name[at] == ")") - (name[at] == "(")
        if not depth:
            return name if name.endswith("operator", 0, at) else name[:at] or name
    return name
