"""What gdb's symbols say of a pc: the functions that it is in, as `bt` writes them. Asked while the target runs on: the
first pc of a compilation unit makes gdb read that unit.
"""
import re

import gdb

from pmp_gdb_text import name_text

BLOCKS_MAX = 1000  # around one pc
OFFSET = re.compile(r"\+\d+\Z")
# What may follow a C++ function's parameters.
QUALIFIERS = re.compile(r"( const| volatile| noexcept|\s*&{1,2}| \[clone [^]]*\])*\Z")


class Symbolizer:
    """Names each pc once."""

    LIMIT = 200000  # pcs kept; a program has no more on its stacks

    def __init__(self, code, symbols, perf_map) -> None:
        """Of code_map, symbols, perf_map."""
        self._code = code
        self._symbols = symbols
        self._perf_map = perf_map
        self._names = {}

    def clear(self) -> None:
        """Libraries came or went: addresses may mean something else now."""
        self._names.clear()

    def clear_unnamed(self) -> None:
        """The target's own names of its code are others now."""
        for key in [key for key, (_, nameless) in self._names.items() if nameless]:
            del self._names[key]

    def resolve(self, frames) -> None:
        """Looks up those that are not known yet; the target is to run on."""
        new = {frame.address: frame for frame in frames if not frame.signal and frame.address not in self._names}
        if not new:
            return
        if len(self._names) + len(new) > self.LIMIT:
            self._names.clear()
        with self._symbols:
            for address, frame in new.items():
                self._names[address] = self._resolve_frame(frame)

    def names(self, frame) -> tuple:
        """Of an unwinder.Frame: the rest of its `bt` line, behind the address; those of functions inlined there before it."""
        if frame.signal:
            return ("<signal handler called>",)
        if frame.address not in self._names:
            self.resolve((frame,))
        return self._names[frame.address][0]

    def _resolve_frame(self, frame) -> tuple:
        """(names, whether they are none that gdb has)."""
        address = frame.address
        functions = _functions(address, self._code.function_range(address))
        if functions:
            return self._function_lines(functions, address), False
        name = _minimal_symbol(address)
        code = self._perf_map.find(frame.pc) if name is None else None
        if code is not None:
            return ("%s () from %s" % (code.name, self._perf_map.path),), True
        return ("%s ()%s" % (name or "??", self._location(address, gdb.find_pc_line(address))),), name is None

    def _function_lines(self, functions: list, address: int) -> tuple:
        """An inlined function is at the line of the pc, the one that it's inlined in where it would have called it."""
        found, line = [], gdb.find_pc_line(address)
        for function in functions:
            found.append("%s ()%s" % (without_parameters(name_text(function.name)), self._location(address, line)))
            line = function
        return tuple(found)

    def _location(self, address: int, line) -> str:
        if line.symtab is not None and line.line:
            return " at %s:%d" % (name_text(line.symtab.filename), line.line)
        library = self._code.module_path(address)
        return " from " + library if library else ""


def _functions(address: int, code) -> list:
    """The symbols of the function at an address, those inlined there before it. code: (start, end) of the function, None:
    not known."""
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
    # What is around the function itself has not inlined it: it's nested (GNU C, Ada, Pascal).
    return found[:count] if count else found


def _minimal_symbol(address: int):
    """The name that the file's symbol table has: a pointer is "0x401136 <main+4>"."""
    text = str(gdb.Value(address).cast(gdb.lookup_type("void").pointer()))
    name = text.partition(" <")[2]
    return name_text(OFFSET.sub("", name[:-1])) if name.endswith(">") else None


def without_parameters(name: str) -> str:
    """A C++ function's name without its parameters, as gdb's `bt` has it (and of templates of lambdas, where gdb gives up,
    too)."""
    end = QUALIFIERS.search(name).start()
    if not name.endswith(")", 0, end):
        return name
    depth = 0
    for at in range(end - 1, -1, -1):
        depth += (name[at] == ")") - (name[at] == "(")
        if not depth:
            return name if name.endswith("operator", 0, at) else name[:at] or name
    return name
