"""Text of Python objects: str of 3.x in each of its forms, byte strings of 2.7, bytes."""
from pmp_memory import BadRead, Memory, TEXT_MAX, int_at, pointer_at

# PyASCIIObject.state (Include/cpython/unicodeobject.h): kind in three bits, then compact, then ascii. Before
# them two bits that tell whether it is interned, and in free-threaded builds more (layout "str.kind_bit").
KIND_BIT = 2
ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}


def read_text(memory: Memory, layout: dict, addr: int) -> tuple:
    """(text, (address, bytes) by which it is known again) of a str, in 2.7 of a byte string; of a long one
    the beginning and "..."."""
    if layout["text"] == "bytes":
        data, size = addr + layout["bytes.data"], 1
        length = memory.pointer(addr + layout["bytes.size"])
        # 2.7 does not say in what encoding: source files are UTF-8 nearly always, paths too. Other bytes are escaped.
        encoding, errors = "utf-8", "backslashreplace"
    else:
        data, length, size = _unicode(memory, layout, addr)
        # A surrogate that stands alone stays one: whoever writes it out escapes it.
        encoding, errors = ENCODINGS[size], "surrogatepass"
    raw = memory.read(data, (min(length, TEXT_MAX) + 1) * size)  # with the NUL behind it
    try:
        text = raw[:-size].decode(encoding, errors)
    except UnicodeDecodeError:
        text = raw[:-size].decode(encoding, "replace")
    return text + "..." if length > TEXT_MAX else text, (data, raw)


def _unicode(memory: Memory, layout: dict, addr: int) -> tuple:
    """(address, length in characters, bytes a character) of a str's text."""
    header = memory.read(addr, layout["str.ascii_data"])
    state = int_at(header, layout["str.state"]) >> layout.get("str.kind_bit", KIND_BIT)
    kind, compact, is_ascii = state & 7, state >> 3 & 1, state >> 4 & 1
    if kind not in ENCODINGS or is_ascii and kind != 1:
        raise BadRead("0x%x is no string" % addr)
    if not compact:  # its text is elsewhere: strings of the old interface (to 3.11), subclasses of str
        data = memory.pointer(addr + layout["str.compact_data"])
    else:
        data = addr + layout["str.ascii_data" if is_ascii else "str.compact_data"]
    return data, pointer_at(header, layout["str.length"]), kind


def read_bytes(memory: Memory, layout: dict, addr: int, limit: int) -> tuple:
    """(the first bytes of a bytes object, how many it has)."""
    size = pointer_at(memory.read(addr, layout["bytes.data"]), layout["bytes.size"])
    return memory.read(addr + layout["bytes.data"], min(size, limit)), size


def read_c_string(memory: Memory, addr: int, size: int) -> bytes:
    """The bytes before the first NUL, which must be among the first `size`."""
    text, end, _ = memory.read(addr, size).partition(b"\0")
    if not end:
        raise BadRead("no short name at 0x%x" % addr)
    return text
