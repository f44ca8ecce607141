"""Finds CPython's tables of functions in the data of one mapped file: PyMethodDef, PyTypeObject,
PyType_Spec, PyGetSetDef and PyModuleDef. They are data that does not change, so the target need not
be stopped.

Nothing says where a table is: each word could be a part of one. So a table counts only if its
strings are names, its numbers are small, and its functions begin where the file's call frame
information has a function. Layouts: type_layout.py; PyMethodDef, PyModuleDef, PyModuleDef_Slot:
Include/methodobject.h, moduleobject.h; PyGetSetDef: descrobject.h; PyType_Spec: object.h.
"""
import re
from itertools import compress

from pmp_memory import BadRead
from pmp_type_layout import (CONVENTIONS, FIELDS, METH_ATTRIBUTES, METH_MAX, SPEC_GETSET,
                             SPEC_METHODS, SPEC_SLOTS, SPEC_SLOT_MAX, SPEC_SLOT_OF_TYPE, tables,
                             type_slots)

IDENTIFIER = re.compile(rb"[A-Za-z_]\w{0,80}\Z")
TYPE_NAME = re.compile(rb"[A-Za-z_][\w.\-() ]{0,120}\Z")
SPEC_NAME = re.compile(rb"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")
ROWS_MAX = 1000  # of one table
BASES_MAX = 30
SIZE_MAX = 1 << 20  # bytes of an object
SIZES_UNUSED = 0xfff00000fff00000  # bits of two 32-bit sizes that are less than SIZE_MAX
METHOD_DEF, GETSET_DEF, SLOT = 32, 40, 16  # bytes of a row
SLOT_DEF, SLOTS_MIN, SLOT_OFFSET_MAX = 56, 2, 2000
TYPE_WORDS = max(FIELDS.values()) + 1
# Functions of PyTypeObject by which a word that looks like one is checked.
CHECKED = [FIELDS[name] for name in ("dealloc", "repr", "hash", "call", "getattro", "traverse",
                                     "iter", "iternext", "init", "new")]
MODULE_CREATE, MODULE_EXEC = 1, 2


class PythonFacts:
    """What is known of the target's CPython. version: (3, 11); head: bytes of PyObject_VAR_HEAD
    (24, in free-threaded builds 40); type_type, module_def_type: addresses of PyType_Type and
    PyModuleDef_Type, 0: unknown; is_code(address): is it in mapped code?"""

    def __init__(self, version: tuple, head: int, type_type: int, module_def_type: int,
                 is_code) -> None:
        self.version, self.head = version, head
        self.type_type, self.module_def_type = type_type, module_def_type
        self.is_code = is_code
        self.slots, self.tables = type_slots(version), tables(version)
        words = {word for word, _ in self.slots}
        self.fields = {word: name for name, word in FIELDS.items() if word in words}

    @property
    def type_word(self) -> int:
        """The number of the word ob_type in an object."""
        return (self.head - 24) // 8 + 1


def places_of(words, wanted) -> list:
    """The numbers of the words that are in `wanted`."""
    return list(compress(range(len(words)), map(wanted.__contains__, words)))


class FunctionTables:
    """functions: {address of a function: {(owner, member)}}; the owner of a method whose table
    belongs to nothing that was found is "". methods: {address of a PyMethodDef: (name, function,
    calling convention)}; types: {address: name}."""

    def __init__(self, words, python: PythonFacts) -> None:
        """words: FileWords."""
        self._words, self._python = words, python
        self.functions, self.methods, self.types = {}, {}, {}
        self._owned = set()  # addresses of PyMethodDefs
        # [(address, words of a segment, [number of each word that points to a function])]
        self._pointers = [(start, words, places_of(words, self._words.starts))
                          for start, words in self._words.segments]
        self._slots_of = {}  # address of a type -> {(member, function)}
        for find in (self._find_methods, self._find_types, self._find_specs, self._find_modules,
                     self._find_slots):
            find()
        for address, (name, function, _) in self.methods.items():
            if address not in self._owned and function not in self.functions:
                self._add(function, "", name)

    def _add(self, function: int, owner: str, member: str) -> None:
        if function in self._words.starts and member:
            self.functions.setdefault(function, set()).add((owner, member))

    def _text(self, address: int, pattern) -> str:
        """The string constant at an address, "" if it does not match."""
        text = self._words.string(address)
        return text.decode("latin-1") if pattern.match(text) else ""

    # PyMethodDef: name, function, flags, documentation

    def _find_methods(self) -> None:
        for start, words, places in self._pointers:
            for at in places:
                if 0 < at < len(words) - 1:
                    self._take_method(start + 8 * (at - 1), words[at - 1], words[at],
                                      words[at + 1])

    def _take_method(self, address: int, name: int, function: int, flags: int) -> None:
        flags &= 0xffffffff
        convention = flags & ~METH_ATTRIBUTES
        if flags <= METH_MAX and convention in CONVENTIONS:
            text = self._text(name, IDENTIFIER)
            if text:
                self.methods[address] = text, function, CONVENTIONS[convention]

    def _add_methods(self, address: int, owner: str) -> None:
        """The table that begins at an address."""
        for _ in range(ROWS_MAX):
            if address not in self.methods:
                return
            self._owned.add(address)
            name, function, _ = self.methods[address]
            self._add(function, owner, name)
            address += METHOD_DEF

    # PyGetSetDef: name, getter, setter, documentation, argument

    def _add_getset(self, address: int, owner: str) -> None:
        for _ in range(ROWS_MAX):
            try:
                name, getter, setter = self._words.words(address, 3) if address else (0, 0, 0)
            except BadRead:
                return
            member = self._text(name, IDENTIFIER)
            if not member:
                return
            self._add(getter, owner, member)
            if setter != getter:
                self._add(setter, owner, member + " (set)")
            address += GETSET_DEF

    # PyTypeObject

    def _find_types(self) -> None:
        """Types are objects whose type is `type`, or a type whose base is such a type."""
        python, todo, seen = self._python, [self._python.type_type], set()
        while todo:
            meta = todo.pop()
            if not meta or meta in seen:
                continue
            seen.add(meta)
            for at in self._words.find_word(meta):
                address = at - 8 * python.type_word
                name = self._type_name(address) if address not in self.types else ""
                if name:
                    self.types[address] = name
                    if self._is_metatype(address):
                        todo.append(address)
        for address, name in self.types.items():
            self._add_type(address, name)

    def _fields(self, address: int) -> tuple:
        """The words of a PyTypeObject from tp_name on. BadRead."""
        return self._words.words(address + self._python.head, TYPE_WORDS)

    def _type_name(self, address: int) -> str:
        """The name of the PyTypeObject at an address, "" if there is none."""
        try:
            words = self._fields(address)
        except BadRead:
            return ""
        if words[FIELDS["basicsize"]] > SIZE_MAX or words[FIELDS["itemsize"]] > SIZE_MAX:
            return ""
        if not all(not words[at] or words[at] in self._words.starts
                   or self._python.is_code(words[at]) for at in CHECKED):
            return ""
        return self._text(words[FIELDS["name"]], TYPE_NAME)

    def _bases(self, address: int) -> list:
        """[address] of the base of a type, its base, and so on."""
        found = []
        try:
            while len(found) < BASES_MAX:
                address = self._fields(address)[FIELDS["base"]]
                if not address:
                    break
                found.append(address)
        except BadRead:
            pass
        return found

    def _is_metatype(self, address: int) -> bool:
        return self._python.type_type in self._bases(address)

    def _slots(self, address: int) -> set:
        """{(member, function)} of a type, inherited ones too."""
        if address not in self._slots_of:
            found = self._slots_of[address] = set()
            try:
                words = self._fields(address)
                found.update((member, words[at]) for at, member in self._python.slots)
                for field, members in self._python.tables:
                    if words[FIELDS[field]]:
                        found.update(zip(members, self._words.words(words[FIELDS[field]],
                                                                    len(members))))
            except BadRead:
                pass
        return self._slots_of[address]

    def _add_type(self, address: int, name: str) -> None:
        words = self._fields(address)
        self._add_methods(words[FIELDS["methods"]], name)
        self._add_getset(words[FIELDS["getset"]], name)
        inherited = {function for base in self._bases(address)
                     for _, function in self._slots(base)}
        for member, function in self._slots(address):
            if function not in inherited:
                self._add(function, name, member)

    # PyType_Spec: name, sizes, flags, slots. PyType_Slot: number, pointer.

    def _find_specs(self) -> None:
        tables = self._slot_tables()
        for start, words in self._words.segments:
            for at in places_of(words, tables):
                if at > 2 and words[at - 1] < 1 << 32 and not words[at - 2] & SIZES_UNUSED:
                    self._take_spec(words[at - 3], words[at])

    def _slot_tables(self) -> set:
        """The addresses at which a table of PyType_Slot may begin: the rows up to a function or a
        table of methods have small numbers."""
        found = set()
        for start, words, places in self._pointers:
            for at in places + places_of(words, self.methods):
                while at > 0 and 0 < words[at - 1] <= SPEC_SLOT_MAX:
                    address = start + 8 * (at - 1)
                    if address in found:
                        break
                    found.add(address)
                    at -= 2
        return found

    def _take_spec(self, name: int, slots: int) -> None:
        owner = self._text(name, SPEC_NAME)
        rows = self._spec_rows(slots) if owner else []
        if not any(number >= SPEC_SLOT_OF_TYPE for number, _ in rows):
            return
        for number, pointer in rows:
            if number == SPEC_METHODS:
                self._add_methods(pointer, owner)
            elif number == SPEC_GETSET:
                self._add_getset(pointer, owner)
            else:
                self._add(pointer, owner, SPEC_SLOTS.get(number, "").strip("-"))

    def _spec_rows(self, address: int) -> list:
        """[(number, pointer)] up to the row with number 0; [] if there is none."""
        found = []
        try:
            while len(found) < SPEC_SLOT_MAX:
                number, pointer = self._words.words(address, 2)
                if not number:
                    return found
                if number > SPEC_SLOT_MAX:
                    return []
                found.append((number, pointer))
                address += SLOT
        except BadRead:
            pass
        return []

    # PyModuleDef: a head of an object and 3 words, then name, documentation, size, methods, slots,
    # traverse, clear, free

    def _find_modules(self) -> None:
        python = self._python
        for at in self._words.find_word(python.module_def_type) if python.module_def_type else ():
            try:
                self._take_module(*self._words.words(at + 32, 8))
            except BadRead:
                continue

    def _take_module(self, name, _, size, methods, slots, *functions) -> None:
        owner = self._text(name, TYPE_NAME)
        if not owner or size > SIZE_MAX and size != 2 ** 64 - 1:
            return
        self._add_methods(methods, owner)
        for member, function in zip(("m_traverse", "m_clear", "m_free"), functions):
            self._add(function, owner, member)
        for number, function in self._spec_rows(slots) if slots else ():
            if number in (MODULE_CREATE, MODULE_EXEC):
                self._add(function, owner, "create" if number == MODULE_CREATE else "exec")

    # struct wrapperbase of descrobject.h, an array in typeobject.c: name, offset in the type,
    # function that calls the Python method, wrapper, documentation, flags, name object

    def _find_slots(self) -> None:
        rows = {}
        for start, words, places in self._pointers:
            for at in places:
                if not 3 <= at < len(words) - 2 or words[at - 2] >= SLOT_OFFSET_MAX:
                    continue
                name = self._text(words[at - 3], IDENTIFIER) if words[at + 2] < 256 else ""
                if name.startswith("__"):
                    rows[start + 8 * (at - 3)] = name, words[at - 2], words[at - 1]
        for address in [address for address in rows if address - SLOT_DEF not in rows]:
            self._add_slots(rows, address)

    def _add_slots(self, rows: dict, address: int) -> None:
        """The rows from an address on, if they are several. Of the methods that share a function
        (__add__, __radd__) the first one counts."""
        table = {}
        while address in rows:
            name, offset, function = rows[address]
            table.setdefault(function, (offset, name))
            address += SLOT_DEF
        for function, (offset, name) in table.items() if len(table) >= SLOTS_MIN else ():
            field = self._python.fields.get((offset - self._python.head) // 8)
            self._add(function, "slot", "tp_" + field if field else name)
