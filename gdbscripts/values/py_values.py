"""Values of Python objects as text, like repr, but read as data. Depth, length and the number of
items are limited."""
import struct

from pmp_memory import BadRead
from pmp_py_text import read_bytes

DEPTH_MAX, ITEMS_MAX, TEXT_MAX, DIGITS_MAX = 3, 10, 80, 64
# Offsets: ob_fval (Include/floatobject.h), ob_ival of 2.7, ob_size or lv_tag
# (Include/longintrepr.h).
FLOAT_VALUE = INT_VALUE = INT_SIZE = 16
INT_DIGITS = 24  # ob_digit: 30 bits in each 4 bytes


class Values:
    """Formats objects by the name of their type. A method takes (object, type name, depth)."""

    def __init__(self, objects) -> None:
        """objects: py_objects.Objects."""
        self._objects = objects
        self._formatters = {
            "NoneType": lambda *_: "None", "bool": self._bool, "float": self._float,
            "int": self._int, "long": self._int, "str": self._str, "unicode": self._default,
            "bytes": self._bytes, "list": self._items, "tuple": self._items, "dict": self._dict,
            "collections.OrderedDict": self._dict, "collections.defaultdict": self._dict,
            "set": self._set, "frozenset": self._set,
        }

    def text(self, obj: int, depth: int = 0) -> str:
        """The text of an object; "(cannot be read)" if it is corrupt. Raises nothing."""
        name = self._objects.type_name(obj)
        try:
            return self._formatters.get(name, self._default)(obj, name, depth)
        except (BadRead, KeyError, struct.error):
            return "(cannot be read)"

    def _default(self, obj: int, name: str, _depth: int) -> str:
        return "<%s at 0x%x>" % (name, obj) if name else "(cannot be read)"

    def _bool(self, obj: int, *_) -> str:
        return str(bool(self._number(obj, "bool")))

    def _int(self, obj: int, name: str, _depth: int) -> str:
        number = self._number(obj, name)
        return "(a number of more than %d digits)" % DIGITS_MAX if number is None else str(number)

    def _number(self, obj: int, name: str):
        """The value of an int, long or bool; None if it has more than DIGITS_MAX digits."""
        data = self._objects.memory.read(obj, INT_DIGITS)
        if self._objects.layout["text"] == "bytes" and name != "long":
            return struct.unpack_from("<q", data, INT_VALUE)[0]
        size = struct.unpack_from("<q", data, INT_SIZE)[0]
        if self._objects.values["int"] == "tag":
            # Bits 0 and 1 are the sign: 0 positive, 1 zero, 2 negative. Bit 2 is reserved.
            count, sign = size >> 3, 1 - (size & 3)
        else:
            count, sign = abs(size), (size > 0) - (size < 0)
        if count > DIGITS_MAX:
            return None
        data = self._objects.memory.read(obj + INT_DIGITS, 4 * count)
        digits = struct.unpack("<%dI" % count, data)
        return sign * sum(digit << 30 * at for at, digit in enumerate(digits))

    def _float(self, obj: int, *_) -> str:
        data = self._objects.memory.read(obj + FLOAT_VALUE, 8)
        return repr(struct.unpack_from("<d", data)[0])

    def _str(self, obj: int, *_) -> str:
        text = self._objects.text(obj)
        return repr(text) if len(text) <= TEXT_MAX else repr(text[:TEXT_MAX]) + "..."

    def _bytes(self, obj: int, *_) -> str:
        data, size = read_bytes(self._objects.memory, self._objects.layout, obj, TEXT_MAX)
        return repr(data) + ("..." if size > TEXT_MAX else "")

    def _items(self, obj: int, name: str, depth: int) -> str:
        left, right = "()" if name == "tuple" else "[]"
        size = self._objects.size(obj)
        if size and depth >= DEPTH_MAX:
            return left + "..." + right
        texts = self._texts(self._objects.items(obj, name, ITEMS_MAX), depth)
        comma = "," if size == 1 and left == "(" else ""
        return left + self._join(texts, size) + comma + right

    def _set(self, obj: int, name: str, depth: int) -> str:
        found = self._objects.set_items(obj)
        if not found:
            return name + "()"
        texts = self._texts(found[:ITEMS_MAX], depth) if depth < DEPTH_MAX else []
        text = "{" + self._join(texts, len(found)) + "}"
        return text if name == "set" else "frozenset(%s)" % text

    def _dict(self, obj: int, _name: str, depth: int) -> str:
        found = self._objects.dict_items(obj)
        if found and depth >= DEPTH_MAX:
            return "{...}"
        texts = ["%s: %s" % tuple(self._texts(pair, depth)) for pair in found[:ITEMS_MAX]]
        return "{" + self._join(texts, len(found)) + "}"

    def _texts(self, objects, depth: int) -> list:
        return [self.text(obj, depth + 1) for obj in objects]

    def _join(self, texts: list, size: int) -> str:
        return ", ".join(texts + (["... %d in all" % size] if size > len(texts) else []))
