"""Python objects as data: their type, items and attributes. No function of the target is called.

Objects are passed as their address. Each count that comes from the target is capped; the type of an
object is decided by the name of its type. All functions raise BadRead if memory cannot be read, or
does not hold the expected object, unless stated.
"""
import struct

from pmp_memory import BadRead, int_at, pointer_at
from pmp_py_text import read_bytes, read_c_string, read_text

ITEMS_MAX = 100000  # of one container
MIN_ADDRESS = 4096  # no object has a lower address
# PyTypeObject, the same from 2.7 to 3.13 (Include/cpython/object.h).
TYPE_BASICSIZE, TYPE_FLAGS, TYPE_BASE, TYPE_DICT, TYPE_DICTOFFSET = 32, 168, 256, 264, 288
CLASSES_MAX = 20  # base classes of an object's class
INLINE_VALUES, MANAGED_DICT = 1 << 2, 1 << 4
# PyDictObject (Include/cpython/dictobject.h); of 2.7: ma_mask, ma_table.
DICT_KEYS, DICT_VALUES, OLD_DICT_MASK, OLD_DICT_TABLE = 32, 40, 32, 40
# PySetObject (Include/cpython/setobject.h)
SET_MASK, SET_TABLE = 32, 40
VAR_SIZE, TUPLE_ITEMS, LIST_ITEMS = 16, 24, 24
UNICODE_KEYS, SPLIT_KEYS = 1, 2  # dk_kind (Include/internal/pycore_dict.h)
WEAKREF_OBJECT = CELL_CONTENTS = MODULE_DICT = 16
METHODS = ("builtin_function_or_method", "method", "instancemethod")
METHOD_SELF = 24  # PyCFunctionObject.m_self, PyMethodObject.im_self
BLOCKS_MAX = 20  # CO_MAXBLOCKS (Include/code.h)
# dequeobject and block of Modules/_collectionsmodule.c (3.5 to 3.13): a link, the items, a link.
DEQUE_SIZE, DEQUE_LEFT, DEQUE_INDEX, BLOCK_ITEMS = 16, 24, 40, 64
WORDS_MAX, CLOSURE_MAX = 512, 64  # bytes of an instance; variables of a closure
# The opcode, by the word "attributes" of 3.12 and 3.13 (Include/opcode_ids.h).
CLEANUP_THROW = {"tagged": 55, "inline": 8}
TABLE_MAX = 1 << 16  # bytes of an exception table that are read


class Objects:
    """The objects of one interpreter, in one stop: names of types are cached."""

    def __init__(self, memory, layout: dict, values: dict) -> None:
        """layout: a row of layouts.py; values: a row of value_layouts.py."""
        self.memory, self.layout, self.values = memory, layout, values
        self._kinds = {}  # type -> its tp_name
        self._names = {}  # object -> tp_name of its type
        self._attribute_names = {}  # type -> names of its instances' inline attributes, in order

    def type_of(self, obj: int) -> int:
        """The object's type, an object as well."""
        return self.memory.pointer(obj + self.layout["object.type"])

    def type_name(self, obj: int) -> str:
        """The tp_name of the object's type, "" if it cannot be read. Raises nothing."""
        if obj not in self._names:
            self._names[obj] = self._read_name(obj)
        return self._names[obj]

    def name_of_type(self, kind: int) -> str:
        """The tp_name of a type."""
        if kind not in self._kinds:
            place = self.memory.pointer(kind + self.layout["type.name"])
            name = read_c_string(self.memory, place, 256)
            self._kinds[kind] = name.decode("utf-8", "replace")
        return self._kinds[kind]

    def _read_name(self, obj: int) -> str:
        try:
            return self.name_of_type(self.type_of(obj))
        except BadRead:
            return ""

    def class_names(self, obj: int) -> list:
        """[name without its module] of the object's class and of the first base of each; [] if it
        cannot be read. Raises nothing."""
        names = []
        try:
            kind = self.type_of(obj) if obj > MIN_ADDRESS else 0
            while kind and len(names) < CLASSES_MAX:
                place = self.memory.pointer(kind + self.layout["type.name"])
                name = read_c_string(self.memory, place, 256).decode("utf-8", "replace")
                names.append(name.rpartition(".")[2])
                kind = self.memory.pointer(kind + TYPE_BASE)
        except BadRead:
            pass
        return names

    def text(self, obj: int) -> str:
        """The text of a str (py_text.read_text)."""
        return read_text(self.memory, self.layout, obj)[0]

    def bound_to(self, obj: int) -> int:
        """The object that a method is bound to; 0: it is no method."""
        is_method = obj > MIN_ADDRESS and self.type_name(obj) in METHODS
        return self.memory.pointer(obj + METHOD_SELF) if is_method else 0

    def words(self, obj: int) -> list:
        """The words of an instance of a type of C, without those that all objects have."""
        size = min(self.memory.pointer(self.type_of(obj) + TYPE_BASICSIZE), WORDS_MAX)
        return self.pointers(obj + VAR_SIZE, size // 8 - 2)

    def type_and_flags(self, obj: int) -> tuple:
        """(type of an object, its tp_flags)."""
        kind = self.type_of(obj)
        return kind, self.memory.pointer(kind + TYPE_FLAGS)

    def type_dict(self, kind: int) -> list:
        """[(key, value)] of the names that a class defines; [] if it has none, as types of C."""
        return self._dict_at(kind + TYPE_DICT)

    def closure(self, function: int) -> list:
        """[object] that a function of Python has in its closure; [] for another object."""
        if self.type_name(function) != "function":
            return []
        tuples = [word for word in self.words(function)
                  if word > MIN_ADDRESS and self.type_name(word) == "tuple"]
        return [self.memory.pointer(cell + CELL_CONTENTS) for found in tuples
                for cell in self.items(found, "tuple", CLOSURE_MAX)
                if self.type_name(cell) == "cell"]

    def module(self, modules: int, name: str) -> dict:
        """{name: object} of a module's namespace, {} if it is not imported. modules:
        sys.modules."""
        for key, value in self.dict_items(modules):
            if self.text(key) == name:
                return self.named(self.dict_items(self.module_namespace(value)))
        return {}

    def module_namespace(self, module: int) -> int:
        """The dict of a module. BadRead if it is none: sys.modules may contain any object."""
        if self.type_name(module) != "module":
            raise BadRead("0x%x is no module" % module)
        return self.memory.pointer(module + MODULE_DICT)

    def items(self, obj: int, name: str, limit: int = ITEMS_MAX) -> list:
        """[object] in a tuple or list; name: of its type."""
        size = min(self._size(obj), limit)
        start = obj + TUPLE_ITEMS if name == "tuple" else self.memory.pointer(obj + LIST_ITEMS)
        return self.pointers(start, size)

    def size(self, obj: int) -> int:
        """The number of items of a tuple or list, ITEMS_MAX at most."""
        return self._size(obj)

    def set_items(self, obj: int, limit: int = ITEMS_MAX) -> list:
        """[object] in a set or frozenset."""
        mask = min(self.memory.pointer(obj + SET_MASK), ITEMS_MAX)
        table = self.memory.pointer(obj + SET_TABLE)
        found = []
        for at in range(0, mask + 1, 512):
            words = self.pointers(table + 16 * at, 2 * min(512, mask + 1 - at))
            # A removed key is replaced by a dummy with the hash -1.
            found += [key for key, digest in zip(words[::2], words[1::2])
                      if key and digest != (1 << 64) - 1]
            if len(found) >= limit:
                break
        return found[:limit]

    def deque_items(self, obj: int) -> list:
        """[object] in a collections.deque."""
        memory, found = self.memory, []
        left = min(memory.pointer(obj + DEQUE_SIZE), ITEMS_MAX)
        block, index = memory.pointer(obj + DEQUE_LEFT), memory.pointer(obj + DEQUE_INDEX)
        while left > 0 and block and index < BLOCK_ITEMS:
            count = min(left, BLOCK_ITEMS - index)
            found += self.pointers(block + 8 + 8 * index, count)
            left, index = left - count, 0
            block = memory.pointer(block + 8 + 8 * BLOCK_ITEMS)
        return found

    def dict_items(self, obj: int, limit: int = ITEMS_MAX) -> list:
        """[(key, value)] of a dict, in its order."""
        if self.values["dict"] == "table":
            size = self.memory.pointer(obj + OLD_DICT_MASK) + 1
            table = self.memory.pointer(obj + OLD_DICT_TABLE)
            words = self.pointers(table, 3 * min(size, ITEMS_MAX))
            pairs = zip(words[1::3], words[2::3])
            return [(key, value) for key, value in pairs if key and value][:limit]
        keys, values = self.memory.pointer(obj + DICT_KEYS), self.memory.pointer(obj + DICT_VALUES)
        entries = self._key_entries(keys)
        if values:
            start = values + 8 if self.values["attributes"] == "inline" else values
            return self._split_items(entries, start)[:limit]
        return [(key, value) for key, value in entries if key and value][:limit]

    def attributes(self, obj: int) -> dict:
        """{name: object} of the attributes of an instance of a class."""
        kind = self.type_of(obj)
        flags = self.memory.pointer(kind + TYPE_FLAGS)
        storage = self.values["attributes"]
        if storage == "dict" or not flags & MANAGED_DICT:
            offset = int_at(self.memory.read(kind + TYPE_DICTOFFSET, 8), 0)
            return self.named(self._dict_at(obj + offset)) if offset > 0 else {}
        values = getattr(self, "_values_" + storage)(obj, kind, flags)
        if not values:
            return self.named(self._dict_at(obj - 24))
        names = self._names_of_attributes(kind)
        objects = self.pointers(values, len(names))
        return {name: value for name, value in zip(names, objects) if value}

    # The address of an instance's inline values, by the word "attributes"; 0: it has a dict.

    def _values_two(self, obj: int, _kind: int, _flags: int) -> int:
        return self.memory.pointer(obj - 32)

    def _values_tagged(self, obj: int, _kind: int, _flags: int) -> int:
        word = self.memory.pointer(obj - 24)
        return word + 1 & ~1 if word & 1 else 0

    def _values_inline(self, obj: int, kind: int, flags: int) -> int:
        if self.memory.pointer(obj - 24) or not flags & INLINE_VALUES:
            return 0
        return obj + min(self.memory.pointer(kind + TYPE_BASICSIZE), 1 << 16) + 8

    # Parts of the methods above.

    def _names_of_attributes(self, kind: int) -> list:
        """The names of the inline attributes of a class's instances; "" for an unreadable one."""
        if kind not in self._attribute_names:
            keys = self.memory.pointer(kind + self.values["heap_type.cached_keys"])
            entries = self._key_entries(keys) if keys else []
            self._attribute_names[kind] = [self._text_or_empty(key) for key, _ in entries]
        return self._attribute_names[kind]

    def _text_or_empty(self, key: int) -> str:
        try:
            return self.text(key)
        except (BadRead, KeyError):
            return ""

    def _dict_at(self, place: int) -> list:
        found = self.memory.pointer(place)
        return self.dict_items(found) if found and self.type_name(found) == "dict" else []

    def _split_items(self, entries: list, values: int) -> list:
        """[(key, value)] of a dict that shares its keys with others. values: address of its
        values."""
        found = self.pointers(values, len(entries))
        return [(key, value) for (key, _), value in zip(entries, found) if key and value]

    def named(self, items: list) -> dict:
        """{text of the key: value} of dict_items; keys that are no str are left out."""
        found = {}
        for key, value in items:
            try:
                found[self.text(key)] = value
            except (BadRead, KeyError):
                pass
        return found

    def _key_entries(self, keys: int) -> list:
        """[(key, value)] of a PyDictKeysObject; the value is 0 for shared keys. Source: to 3.10
        Objects/dict-common.h; from 3.11 on Include/internal/pycore_dict.h (dk_log2_index_bytes at
        9, dk_kind at 10, dk_nentries at 24)."""
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
            words = 2 if head[10] in (UNICODE_KEYS, SPLIT_KEYS) else 3
            start = keys + 32 + (1 << head[9])
        entries = self.pointers(start, words * min(count, ITEMS_MAX))
        first = words - 2
        return list(zip(entries[first::words], entries[first + 1::words]))

    def _size(self, obj: int) -> int:
        return min(self.memory.pointer(obj + VAR_SIZE), ITEMS_MAX)

    def pointers(self, start: int, count: int) -> list:
        """`count` words from an address on."""
        if count <= 0:
            return []
        return list(struct.unpack("<%dQ" % count, self.memory.read(start, 8 * count)))


class Slots:
    """The objects that a frame refers to: its locals and its value stack. A frame is passed as the
    address of its _PyInterpreterFrame or PyFrameObject, or, where stated, as a
    py_frames.PyFrame."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._codes = {}  # code object -> (names, number of arguments, number of slots)
        self._tables = {}  # code object -> its exception table

    def slot_values(self, frame: int) -> list:
        """The words of all locals, then of the whole value stack: those above its top are old."""
        start, count = self._values_range(frame)
        return self._objects.pointers(start, count)

    def stack_values(self, frame: int) -> list:
        """The words of the whole value stack: those above its top are old."""
        return self.slot_values(frame)[len(self._code(frame)[0]):]

    def named(self, frame: int) -> list:
        """[(name, object, is it an argument)] of the locals that have a value. For a cell it is the
        content of the cell."""
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
        """The top object on the value stack of a suspended frame; 0: it is empty."""
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
        """The first local of a PyFrame if it is called `self`, else 0."""
        for name, obj, _ in self.named(frame.addr)[:1]:
            return obj if name == "self" else 0
        return 0

    def global_names(self, frame) -> list:
        """The names of the globals and attributes that the code of a PyFrame uses."""
        objects = self._objects
        code = objects.memory.pointer(frame.addr + objects.layout["frame.code"]) & ~3
        self._code(frame.addr)  # BadRead if it is no code object
        return self._names(objects.memory.pointer(code + objects.values["code.globals"]))

    def entered_contexts(self, frame) -> list:
        """[object]: the context managers of the `with` blocks that a PyFrame is in, as far as they
        can be read. The frame keeps their bound `__exit__` on its value stack. Raises nothing."""
        found = []
        try:
            for word in self._values_below_handlers(frame):
                obj = self._objects.bound_to(word & ~3)
                if obj:
                    found.append(obj)
        except BadRead:
            pass
        return found

    # Parts of the methods above.

    def _values_below_handlers(self, frame) -> list:
        """The part of a PyFrame's value stack that its enclosing blocks (with, try, for) keep. The
        values above it may be old."""
        objects, values = self._objects, self._objects.values
        names, _, _ = self._code(frame.addr)
        if "frame.iblock" in values:
            depth = self._block_level(frame.addr)
        else:
            code = objects.memory.pointer(frame.addr + objects.layout["frame.code"]) & ~3
            if code not in self._tables:
                table = objects.memory.pointer(code + values["code.exceptiontable"])
                self._tables[code] = read_bytes(objects.memory, objects.layout, table, TABLE_MAX)[0]
            depth = self._handler_depth(code, frame.offset // 2)
        start = frame.addr + values["frame.localsplus"] + 8 * len(names)
        return objects.pointers(start, min(depth, ITEMS_MAX))

    def _handler_depth(self, code: int, unit: int) -> int:
        """The depth of the value stack at the handler of the block that an instruction is in. An
        await has a handler of its own (from 3.12 on), inside of that block."""
        objects, table = self._objects, self._tables[code]
        depth, handler = handler_of(table, unit)
        cleanup = CLEANUP_THROW.get(objects.values["attributes"])
        if depth and cleanup is not None:
            place = code + objects.layout["code.code_adaptive"] + 2 * handler
            if objects.memory.read(place, 1)[0] == cleanup:
                depth = handler_of(table, handler)[0]
        return depth

    def _block_level(self, frame: int) -> int:
        """b_level of the innermost PyTryBlock, 0 if there is none (to 3.10)."""
        memory, values = self._objects.memory, self._objects.values
        count = int_at(memory.read(frame + values["frame.iblock"], 4), 0)
        if not 0 < count <= BLOCKS_MAX:
            return 0
        block = frame + values["frame.blockstack"] + (count - 1) * values["block.size"]
        return max(0, int_at(memory.read(block + values["block.level"], 4), 0))

    def _values_range(self, frame: int) -> tuple:
        return frame + self._objects.values["frame.localsplus"], self._code(frame)[2]

    def _code(self, frame: int) -> tuple:
        """(names, number of arguments, number of slots) of a frame's code object."""
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
        starred = (flags >> 2 & 1) + (flags >> 3 & 1)  # CO_VARARGS, CO_VARKEYWORDS
        arguments = int_at(data, values["code.argcount"]) + starred
        if "code.kwonlyargcount" in values:
            arguments += int_at(data, values["code.kwonlyargcount"])
        stack = int_at(data, values["code.stacksize"])
        if not 0 <= stack <= ITEMS_MAX:
            raise BadRead("0x%x is no code object" % code)
        return names, arguments, len(names) + stack

    def _names(self, names: int) -> list:
        return [self._objects.text(name) for name in self._objects.items(names, "tuple", 4096)]


def handler_of(table: bytes, unit: int) -> tuple:
    """(depth of the value stack when the exception handler of an instruction starts, its place);
    (0, 0): it has no handler. unit: of the instruction, place: of the handler, in code units.

    table: co_exceptiontable (from 3.11 on, Objects/exception_handling_notes.txt): for each range
    its start, length and handler, in code units of two bytes, and depth * 2 + lasti. Numbers have
    six bits a byte; 0x40: more bytes follow; 0x80: an entry begins."""
    numbers, value = [], 0
    for byte in table:
        value = value << 6 | byte & 63
        if byte & 64:
            continue
        numbers.append(value)
        value = 0
        if len(numbers) == 4:
            start, length, handler, depth = numbers
            if start <= unit < start + length:
                return depth >> 1, handler
            numbers = []
    return 0, 0
