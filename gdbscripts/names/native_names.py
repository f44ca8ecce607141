"""Names of functions without symbols: those of CPython from its own tables, and the others by the
address at which they begin.

All of it is read while the target runs, the tables of a file when its first nameless frame is seen.
"""
import array
import struct
import time

from pmp_callers import Callers
from pmp_cold_parts import cold_parent
from pmp_elf import Elf
from pmp_file_words import FileWords, read_readable
from pmp_function_label import common_owner, function_label
from pmp_function_tables import FunctionTables, PythonFacts
from pmp_memory import BadRead
from pmp_vectorcalls import find_vectorcalls

# The interpreter's own types are ready when they are first used, and their tables are found then.
# For a new function without a name pmp looks whether there are more.
WAIT = 1.0  # seconds between two looks
CODE_MAX = 1 << 23  # bytes of a file's code; it is searched in 0.06 s a megabyte
EXPORTED = ("PyType_Type", "PyModuleDef_Type")


class NativeNames:
    """The names of one process's functions."""

    def __init__(self, code, memory, with_owners: bool = False) -> None:
        """code: a CodeMap; memory: a MemoryReader of the target; with_owners: tell of a function
        without a name which function, type or module alone uses it. That takes 0.2 s more, and most
        of these functions are hidden without --glue."""
        self._code, self._memory = code, memory
        self._interpreter = self._python = None  # an Interpreter, and its PythonFacts
        self._stripped = None  # the interpreter's CodeFile, if it has no symbol table
        self._files = {}  # CodeFile -> _FileNames, None if it has no tables
        self._with_owners = with_owners

    def set_python(self, interpreter) -> bool:
        """interpreter: interpreter.Interpreter, None if there is none. True: it is another one than
        before, so there are more names."""
        if interpreter is self._interpreter:
            return False
        self._interpreter, self._files = interpreter, {}
        self._python = self._stripped = None
        if interpreter is None:
            return True
        self._stripped, symbols = self._find_exported()
        self._python = PythonFacts(interpreter.minor(), interpreter.layout["type.name"],
                                   symbols.get("PyType_Type", 0),
                                   symbols.get("PyModuleDef_Type", 0), self._code.is_code)
        return True

    def read_interpreter(self) -> None:
        """Reads the tables of a stripped interpreter now, so that no sample is late for them."""
        if self._stripped is not None:
            self._tables(self._stripped)

    def name(self, address: int) -> str:
        """The name of the function at an address in the target; "" if nothing tells where its
        function begins."""
        file, function = self._code.file_at(address), self._code.function_at(address)[0]
        if function is None:
            return ""
        tables = self._tables(file) if self._python is not None else None
        function = cold_parent(function, file.function, file.read)
        nameless = "fn 0x%x" % function.start
        if tables is None:
            return nameless
        label = tables.label(function.start + file.bias)
        owner = tables.owner(function.start) if self._with_owners and not label else ""
        return label or (nameless + " of " + owner if owner else nameless)

    def functions(self, file) -> dict:
        """{address: name} of all functions of a CodeFile that its tables name."""
        tables = self._tables(file)
        return {} if tables is None else tables.labels()

    # Parts of this.

    def _find_exported(self) -> tuple:
        """(CodeFile, {name: address in the target}) of EXPORTED, of the first file that has them;
        None instead of a file that has a symbol table."""
        for file in [file for file in self._code.files() if file.uses_python]:
            try:
                elf = Elf(file.file.local)
                found, has_table = elf.symbols(EXPORTED), elf.has_section(".symtab")
            except (OSError, BadRead):
                continue
            if found:
                found = {name: address + file.bias for name, address in found.items()}
                return None if has_table else file, found
        return None, {}

    def _tables(self, file):
        """The _FileNames of a CodeFile, None if it has no tables."""
        if file not in self._files:
            self._files[file] = None
            if file.uses_python and file.frames is not None:
                try:
                    self._files[file] = _FileNames(file, self._memory, self._python,
                                                   self._code.maps_text)
                except (OSError, BadRead):
                    pass  # the target has ended, or its file is damaged
        return self._files[file]


class _FileNames:
    """The names of one file's functions, by address in the target."""

    def __init__(self, file, memory, python: PythonFacts, maps_text) -> None:
        """maps_text(): text of /proc/PID/maps."""
        self._file, self._memory = file, memory
        self._python, self._maps_text = python, maps_text
        self._elf = Elf(file.file.local)
        self._places = []  # (address, size) of the file's data
        self._names = {}  # address of a function -> {(owner, member)}
        self._glue = {}  # as vectorcalls.find_vectorcalls
        self._is_interpreter = False
        self._callers, self._exported = None, {}  # {address in the file: name}
        self._read()
        self._objects = self._count_objects()
        self._looked_at = time.monotonic()

    def label(self, function: int) -> str:
        """"" if no table has the function."""
        if function not in self._names and time.monotonic() > self._looked_at + WAIT:
            objects, self._objects = self._objects, self._count_objects()
            if objects != self._objects:
                self._read()
            self._looked_at = time.monotonic()
        name = self._glue.get(function)
        return name or function_label(self._names.get(function, ()), self._is_interpreter)

    def owner(self, start: int) -> str:
        """The function, type or module that alone uses a function without a name; "" if there is
        none. start: its address in the file."""
        if self._callers is None:
            self._read_callers()
        return common_owner({self.label(at + self._file.bias) or self._exported.get(at, "")
                             for at in self._callers.named(start)})

    def _read_callers(self) -> None:
        bias = self._file.bias
        try:
            code, self._exported = self._elf.code(CODE_MAX), self._elf.exported_functions()
        except (OSError, BadRead):
            code = []  # it is too long, or the file is damaged
        named = {function - bias for function in (*self._names, *self._glue)}
        starts = self._file.frames.starts()
        addresses = frozenset(start + bias for start in starts)
        data = b"".join(read_readable(self._memory, *place) for place in self._places)
        pointers = [address - bias for address in addresses.intersection(array.array("Q", data))]
        self._callers = Callers(code, self._elf.fixed, starts, named.union(self._exported),
                                pointers, self._parent)

    def _parent(self, start: int) -> int:
        """The start of the function to which a part belongs."""
        function = self._file.function(start)
        if function is None:
            return start
        return cold_parent(function, self._file.function, self._file.read).start

    def labels(self) -> dict:
        """{address: label} of all functions that a table has."""
        return {function: self.label(function) for function in {**self._names, **self._glue}}

    def _count_objects(self) -> list:
        """How many types and modules are ready: their first use sets a pointer in them."""
        data = [read_readable(self._memory, *place) for place in self._places]
        return [sum(piece.count(struct.pack("<Q", address)) for piece in data)
                for address in (self._python.type_type, self._python.module_def_type)]

    def _read(self) -> None:
        self._callers = None
        file, python = self._file, self._python
        words = FileWords(self._memory, self._elf, file.bias, file.frames.starts())
        self._is_interpreter = words.is_data(python.type_type)
        self._places = words.places()
        tables = FunctionTables(words, python)
        self._names = tables.functions
        if self._is_interpreter:
            self._glue = find_vectorcalls(self._memory, self._maps_text(), tables, words, python)
