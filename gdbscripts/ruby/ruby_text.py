"""Ruby's strings, arrays and symbols in the target's memory. All functions raise BadRead.

Sources (3.0 to 3.4): include/ruby/internal/core/rstring.h, rarray.h, rtypeddata.h,
include/ruby/internal/value_type.h, fl_type.h; symbol.h, symbol.c (rb_symbols_t, ID_ENTRY_UNIT).
"""
import struct

from pmp_memory import BadRead, Memory, TEXT_MAX, int_at, pointer_at

TYPE_MASK = 0x1f  # of RBasic.flags
T_STRING, T_ARRAY, T_FILE, T_DATA, T_IMEMO = 0x05, 0x07, 0x0b, 0x0c, 0x1a
ON_HEAP, EMBEDDED = 1 << 13, 1 << 13  # RSTRING_NOEMBED, RARRAY_EMBED_FLAG: FL_USER1
SHORT_LENGTH = 14, 0x1f  # shift and mask in the flags of an embedded string, to 3.1
CLASS, BODY, BODY_END = 8, 16, 40  # offsets in an object (struct RBasic, then the rest)
SCOPE_SHIFT = 4  # of an ID that is no operator (template/id.h.tmpl)
LAST_OPERATOR = 170  # tLAST_OP_ID is below this in all versions
ENTRIES, ENTRY_SIZE = 512, 2  # of one part of rb_symbols_t.ids: (string, symbol) pairs
NUMBERS_MAX = 1 << 24  # IDs
SYMBOLS_IDS = 16  # offset of rb_symbols_t.ids; its last_id is at 0
NAME_MAX = 64  # bytes of a data type's name


def object_head(memory: Memory, addr: int, kind: int) -> bytes:
    """The first BODY_END bytes of an object of this type. BadRead, also for another type."""
    if not addr or addr & 7:
        raise BadRead("0x%x is no object" % addr)
    data = memory.read(addr, BODY_END)
    if data[0] & TYPE_MASK != kind:
        raise BadRead("0x%x is another object" % addr)
    return data


def read_string(memory: Memory, layout: dict, addr: int) -> str:
    """The text of a String, cut after TEXT_MAX bytes."""
    data = object_head(memory, addr, T_STRING)
    flags, length = pointer_at(data, 0), pointer_at(data, BODY)
    if flags & ON_HEAP:
        at = pointer_at(data, BODY + 8)
    elif layout["strings"] == "bits":
        at, length = addr + BODY, flags >> SHORT_LENGTH[0] & SHORT_LENGTH[1]
    else:
        at = addr + BODY + 8
    text = memory.read(at, min(length, TEXT_MAX)).decode("utf-8", "backslashreplace")
    return text + "..." if length > TEXT_MAX else text


def array_item(memory: Memory, addr: int, index: int) -> int:
    """The object at an index of an Array whose length is known to be enough."""
    data = object_head(memory, addr, T_ARRAY)
    start = addr + BODY if pointer_at(data, 0) & EMBEDDED else pointer_at(data, BODY + 16)
    return memory.pointer(start + 8 * index)


def symbol_name(memory: Memory, layout: dict, symbols: int, number: int) -> str:
    """The name of an ID. symbols: address of the rb_symbols_t."""
    serial = number >> SCOPE_SHIFT if number > LAST_OPERATOR else number
    last, = struct.unpack("<I", memory.read(symbols, 4))
    if not 0 < serial <= min(last, NUMBERS_MAX):
        raise BadRead("symbol %d" % serial)
    part = array_item(memory, memory.pointer(symbols + SYMBOLS_IDS), serial // ENTRIES)
    return read_string(memory, layout, array_item(memory, part, serial % ENTRIES * ENTRY_SIZE))


def find_symbols(memory: Memory, layout: dict, tables: list) -> int:
    """The address, of those in `tables`, of the rb_symbols_t, 0 if it is none of them: it is the
    one in which the operator + has its name. IDs of operators with one character are its code."""
    for table in tables:
        try:
            if symbol_name(memory, layout, table, ord("+")) == "+":
                return table
        except BadRead:
            continue
    return 0


def data_of(memory: Memory, addr: int) -> tuple:
    """(name of the C type, address of the C struct) of an object that wraps one (RTypedData)."""
    data = object_head(memory, addr, T_DATA)
    name, _, _ = memory.read_some(memory.pointer(pointer_at(data, BODY)), NAME_MAX).partition(b"\0")
    return name.decode("ascii", "replace"), pointer_at(data, BODY + 16)


def fixnum(value: int) -> int:
    """The number in a VALUE; BadRead if it is no small integer."""
    if not value & 1:
        raise BadRead("0x%x is no integer" % value)
    return value >> 1


def first_line(data: bytes, offset: int, form: str) -> int:
    """A line number in a struct, as a VALUE ("fixnum") or an int."""
    return fixnum(pointer_at(data, offset)) if form == "fixnum" else int_at(data, offset)
