"""Python objects as data: their type, items, attributes. Nothing of the target is called.

Every count that the target tells is capped, and what an object is said to be is what its type's name says.
"""
import struct

from pmp_memory import BadRead, int_at, pointer_at
from pmp_py_text import read_bytes, read_c_string, read_text

ITEMS_MAX = 100000  # of one container
# PyTypeObject, the same from 2.7 to 3.13 (Include/cpython/object.h).
TYPE_BASICSIZE, TYPE_FLAGS, TYPE_DICTOFFSET = 32, 168, 288
INLINE_VALUES, MANAGED_DICT = 1 << 2, 1 << 4
# PyDictObject (Include/cpython/dictobject.h); of 2.7: ma_mask, ma_table.
DICT_KEYS, DICT_VALUES, OLD_DICT_MASK, OLD_DICT_TABLE = 32, 40, 32, 40
# PySetObject (Include/cpython/setobject.h)
SET_MASK, SET_TABLE = 32, 40
VAR_SIZE, TUPLE_ITEMS, LIST_ITEMS = 16, 24, 24
UNICODE_KEYS, SPLIT_KEYS = 1, 2  # dk_kind (Include/internal/pycore_dict.h)
WEAKREF_OBJECT = CELL_CONTENTS = MODULE_DICT = 16
BOUND = ("builtin_function_or_method", "method", "instancemethod")
BOUND_TO = 24  # PyCFunctionObject.m_self, PyMethodObject.im_self
BLOCKS_MAX = 20  # CO_MAXBLOCKS (Include/code.h)
TABLE_MAX = 1 << 16  # bytes of an exception table that are looked at


class Objects:
    """Of one interpreter, in one stop: what was read once is not read again."""

    def __init__(self, memory, layout: dict, values: dict) -> None:
        """layout: a row of layouts.py; values: of value_layouts.py."""
        self.memory, self.layout, self.values = memory, layout, values
        self._kinds = {}  # type -> its tp_name
        self._names = {}  # object -> its type's tp_name
        self._places = {}  # type -> names of its instances' values, in their order

    def type_of(self, obj: int) -> int:
        return self.memory.pointer(obj + self.layout["object.type"])

    def type_name(self, obj: int) -> str:
        """tp_name of its type, "" if there is no object."""
        if obj not in self._names:
            self._names[obj] = self._read_name(obj)
        return self._names[obj]

    def _read_name(self, obj: int) -> str:
        try:
            kind = self.type_of(obj)
            if kind not in self._kinds:
                name = read_c_string(self.memory, self.memory.pointer(kind + self.layout["type.name"]), 256)
                self._kinds[kind] = name.decode("utf-8", "replace")
            return self._kinds[kind]
        except BadRead:
            return ""

    def text(self, obj: int) -> str:
        return read_text(self.memory, self.layout, obj)[0]

    def bound_to(self, obj: int) -> int:
        """What a method is bound to; 0: it is no method."""
        return self.memory.pointer(obj + BOUND_TO) if obj > 4096 and self.type_name(obj) in BOUND else 0

    def module(self, modules: int, name: str) -> dict:
        """The names of a module, {} if it is not imported. modules: sys.modules."""
        for key, value in self.dict_items(modules):
            if self.text(key) == name:
                return self.named(self.dict_items(self.memory.pointer(value + MODULE_DICT)))
        return {}

    def items(self, obj: int, name: str, limit: int = ITEMS_MAX) -> list:
        """Addresses of what a tuple or list holds; name: its type's."""
        size = min(self._size(obj), limit)
        start = obj + TUPLE_ITEMS if name == "tuple" else self.memory.pointer(obj + LIST_ITEMS)
        return self.pointers(start, size)

    def size(self, obj: int) -> int:
        return self._size(obj)

    def set_items(self, obj: int, limit: int = ITEMS_MAX) -> list:
        mask = min(self.memory.pointer(obj + SET_MASK), ITEMS_MAX)
        table = self.memory.pointer(obj + SET_TABLE)
        found = []
        for at in range(0, mask + 1, 512):
            words = self.pointers(table + 16 * at, 2 * min(512, mask + 1 - at))
            # A key that was taken out is replaced by a dummy, with the hash -1.
            found += [key for key, digest in zip(words[::2], words[1::2]) if key and digest != (1 << 64) - 1]
            if len(found) >= limit:
                break
        return found[:limit]

    def dict_items(self, obj: int, limit: int = ITEMS_MAX) -> list:
        """(key, value) addresses, in their order."""
        way = self.values["dict"]
        if way == "table":
            size, table = self.memory.pointer(obj + OLD_DICT_MASK) + 1, self.memory.pointer(obj + OLD_DICT_TABLE)
            words = self.pointers(table, 3 * min(size, ITEMS_MAX))
            return [(key, value) for key, value in zip(words[1::3], words[2::3]) if key and value][:limit]
        keys, values = self.memory.pointer(obj + DICT_KEYS), self.memory.pointer(obj + DICT_VALUES)
        entries = self._key_entries(keys)
        if values:
            start = values + 8 if self.values["attributes"] == "inline" else values
            return self._split(entries, start)[:limit]
        return [(key, value) for key, value in entries if key and value][:limit]

    def attributes(self, obj: int) -> dict:
        """name -> address of the value, of an instance of a class."""
        kind = self.type_of(obj)
        flags = self.memory.pointer(kind + TYPE_FLAGS)
        way = self.values["attributes"]
        if way == "dict" or not flags & MANAGED_DICT:
            offset = int_at(self.memory.read(kind + TYPE_DICTOFFSET, 8), 0)
            return self.named(self._dict_at(obj + offset)) if offset > 0 else {}
        values = getattr(self, "_values_" + way)(obj, kind, flags)
        if not values:
            return self.named(self._dict_at(obj - 24))
        names = self._value_names(kind)
        return {name: value for name, value in zip(names, self.pointers(values, len(names))) if value}

    # Their parts. Where an instance's values lie; 0: it has a dict.

    def _values_two(self, obj: int, _kind: int, _flags: int) -> int:
        return self.memory.pointer(obj - 32)

    def _values_tagged(self, obj: int, _kind: int, _flags: int) -> int:
        word = self.memory.pointer(obj - 24)
        return word + 1 & ~1 if word & 1 else 0

    def _values_inline(self, obj: int, kind: int, flags: int) -> int:
        if self.memory.pointer(obj - 24) or not flags & INLINE_VALUES:
            return 0
        return obj + min(self.memory.pointer(kind + TYPE_BASICSIZE), 1 << 16) + 8

    def _value_names(self, kind: int) -> list:
        """The names of a class's instances' values; "" where it's none that can be read."""
        if kind not in self._places:
            keys = self.memory.pointer(kind + self.values["heap_type.cached_keys"])
            self._places[kind] = [self._text_or_none(key) for key, _ in self._key_entries(keys)] if keys else []
        return self._places[kind]

    def _text_or_none(self, key: int) -> str:
        try:
            return self.text(key)
        except (BadRead, KeyError):
            return ""

    def _dict_at(self, place: int) -> list:
        found = self.memory.pointer(place)
        return self.dict_items(found) if found and self.type_name(found) == "dict" else []

    def _split(self, entries: list, values: int) -> list:
        """Of keys that several dicts share."""
        found = self.pointers(values, len(entries))
        return [(key, value) for (key, _), value in zip(entries, found) if key and value]

    def named(self, items: list) -> dict:
        """Of dict_items: by the text of the key; other keys are left out."""
        found = {}
        for key, value in items:
            try:
                found[self.text(key)] = value
            except (BadRead, KeyError):
                pass
        return found

    def _key_entries(self, keys: int) -> list:
        """(key, value) of a PyDictKeysObject; of shared ones the value is 0 (Objects/dict-common.h, pycore_dict.h)."""
        if self.values["dict"] == "compact":
            size = min(self.memory.pointer(keys + 8), 1 << 32)
            count = self.memory.pointer(keys + 32)
            width = 1 if size <= 0xff else 2 if size <= 0xffff else 4 if size <= 0xffffffff else 8
            start, words = keys + 40 + size * width, 3
        else:
            head = self.memory.read(keys, 32)
            if head[9] > 40:
                raise BadRead("0x%x is no dict's keys" % keys)
            count = pointer_at(head, 24)
            start, words = keys + 32 + (1 << head[9]), 2 if head[10] in (UNICODE_KEYS, SPLIT_KEYS) else 3
        entries = self.pointers(start, words * min(count, ITEMS_MAX))
        first = words - 2
        return list(zip(entries[first::words], entries[first + 1::words]))

    def _size(self, obj: int) -> int:
        return min(self.memory.pointer(obj + VAR_SIZE), ITEMS_MAX)

    def pointers(self, start: int, count: int) -> list:
        """So many words."""
        return list(struct.unpack("<%dQ" % count, self.memory.read(start, 8 * count))) if count > 0 else []


class Slots:
    """What a frame holds: its locals and its value stack."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._codes = {}  # address -> (names, number of arguments, size of all)
        self._tables = {}  # address -> its exception table

    def slot_values(self, frame: int) -> list:
        """Locals, then the value stack as far as it may go: behind its top there is what was there before."""
        start, count = self._place(frame)
        return self._objects.pointers(start, count)

    def named(self, frame: int) -> list:
        """(name, address of the value, is it an argument) of each local that has one; what is in a cell is taken out."""
        names, arguments, _ = self._code(frame)
        found = []
        for at, (name, value) in enumerate(zip(names, self.slot_values(frame))):
            value &= ~3
            if value and self._objects.type_name(value) == "cell":
                value = self._objects.memory.pointer(value + CELL_CONTENTS)
            if value and not name.startswith("."):
                found.append((name, value, at < arguments))
        return found

    def top_of_stack(self, frame: int) -> int:
        """Of the value stack of a frame that is suspended; 0: it's empty."""
        memory, values = self._objects.memory, self._objects.values
        if "frame.valuestack" not in values:
            depth = int_at(memory.read(frame + values["frame.stacktop"], 4), 0)
            place = frame + values["frame.localsplus"] + 8 * depth
        elif "frame.stackdepth" in values:
            depth = int_at(memory.read(frame + values["frame.stackdepth"], 4), 0)
            place = memory.pointer(frame + values["frame.valuestack"]) + 8 * depth
        else:
            place = memory.pointer(frame + values["frame.stacktop"])
            depth = place - memory.pointer(frame + values["frame.valuestack"]) if place else 0
        return memory.pointer(place - 8) & ~3 if 0 < depth < ITEMS_MAX else 0

    def self_of(self, frame) -> int:
        """The first argument of a PyFrame that is a method's; 0: it is none, or has it no more."""
        for name, obj, _ in self.named(frame.addr)[:1]:
            return obj if name == "self" else 0
        return 0

    def entered_contexts(self, frame) -> list:
        """The objects inside whose `with` a PyFrame is, as far as they can be read: it keeps their bound `__exit__`."""
        found = []
        try:
            for word in self._block_stack(frame):
                obj = self._objects.bound_to(word & ~3)
                if obj:
                    found.append(obj)
        except BadRead:
            pass
        return found

    # Its parts.

    def _block_stack(self, frame) -> list:
        """The part of a PyFrame's value stack that what it is inside of (with, try, for) keeps. What lies above it may be of
        long ago."""
        objects, values = self._objects, self._objects.values
        names, _, _ = self._code(frame.addr)
        if "frame.iblock" in values:
            depth = self._block_level(frame.addr)
        else:
            code = objects.memory.pointer(frame.addr + objects.layout["frame.code"]) & ~3
            if code not in self._tables:
                table = objects.memory.pointer(code + values["code.exceptiontable"])
                self._tables[code] = read_bytes(objects.memory, objects.layout, table, TABLE_MAX)[0]
            depth = handler_depth(self._tables[code], frame.offset // 2)
        return objects.pointers(frame.addr + values["frame.localsplus"] + 8 * len(names), min(depth, ITEMS_MAX))

    def _block_level(self, frame: int) -> int:
        """Of the innermost PyTryBlock, to 3.10."""
        memory, values = self._objects.memory, self._objects.values
        count = int_at(memory.read(frame + values["frame.iblock"], 4), 0)
        if not 0 < count <= BLOCKS_MAX:
            return 0
        block = frame + values["frame.blockstack"] + (count - 1) * values["block.size"]
        return max(0, int_at(memory.read(block + values["block.level"], 4), 0))

    def _place(self, frame: int) -> tuple:
        return frame + self._objects.values["frame.localsplus"], self._code(frame)[2]

    def _code(self, frame: int) -> tuple:
        objects = self._objects
        code = objects.memory.pointer(frame + objects.layout["frame.code"]) & ~3
        if code not in self._codes:
            if objects.type_name(code) != "code":
                raise BadRead("0x%x is no frame" % frame)
            self._codes[code] = self._read_code(code)
        return self._codes[code]

    def _read_code(self, code: int) -> tuple:
        objects, values = self._objects, self._objects.values
        data = objects.memory.read(code, 128)
        names = self._names(pointer_at(data, values["code.names"]))
        for key in ("code.cellvars", "code.freevars"):
            if key in values:
                names = names + self._names(pointer_at(data, values[key]))
        flags = int_at(data, values["code.flags"])
        arguments = int_at(data, values["code.argcount"]) + (flags >> 2 & 1) + (flags >> 3 & 1)  # CO_VARARGS, CO_VARKEYWORDS
        if "code.kwonlyargcount" in values:
            arguments += int_at(data, values["code.kwonlyargcount"])
        stack = int_at(data, values["code.stacksize"])
        if not 0 <= stack <= ITEMS_MAX:
            raise BadRead("0x%x is no code object" % code)
        return names, arguments, len(names) + stack

    def _names(self, names: int) -> list:
        return [self._objects.text(name) for name in self._objects.items(names, "tuple", 4096)]


def handler_depth(table: bytes, unit: int) -> int:
    """How many values the handler of an instruction finds on the stack; 0: it has none. table: co_exceptiontable (3.11 on:
    Objects/exception_handling_notes.txt): of each range its start, length and handler, in units of two bytes, and depth
    times two; numbers of six bits a byte, 0x40: there is more, 0x80: an entry begins."""
    numbers, value = [], 0
    for byte in table:
        value = value << 6 | byte & 63
        if byte & 64:
            continue
        numbers.append(value)
        value = 0
        if len(numbers) == 4:
            start, length, _, depth = numbers
            if start <= unit < start + length:
                return depth >> 1
            numbers = []
    return 0
