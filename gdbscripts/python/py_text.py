"""Text of Python objects: str of 3.x in each of its forms, byte strings of 2.7, bytes. All raise
BadRead."""
from pmp_memory import BadRead, Memory, TEXT_MAX, int_at, pointer_at

# PyASCIIObject.state (Include/cpython/unicodeobject.h): kind in three bits, then compact, then
# ascii. Before them are the two bits of `interned`, more in free-threaded builds ("str.kind_bit" of
# layouts).
KIND_BIT = 2
ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}


def read_text(memory: Memory, layout: dict, addr: int) -> tuple:
    """(text, (address, bytes)) of a str, in 2.7 of a byte string. A text of more than TEXT_MAX
    characters is cut and ends in "...". The bytes, with their address, allow a caller to compare
    the text again later."""
    if layout["text"] == "bytes":
        data, size = addr + layout["bytes.data"], 1
        length = memory.pointer(addr + layout["bytes.size"])
        # The encoding is unknown in 2.7. Source files and paths are nearly always UTF-8; other
        # bytes are escaped.
        encoding, errors = "utf-8", "backslashreplace"
    else:
        data, length, size = _unicode(memory, layout, addr)
        # A lone surrogate is kept; the code that writes the text escapes it.
        encoding, errors = ENCODINGS[size], "surrogatepass"
    raw = memory.read(data, (min(length, TEXT_MAX) + 1) * size)  # with the NUL after it
    try:
        text = raw[:-size].decode(encoding, errors)
    except UnicodeDecodeError:
        text = raw[:-size].decode(encoding, "replace")
    return text + "..." if length > TEXT_MAX else text, (data, raw)


def _unicode(memory: Memory, layout: dict, addr: int) -> tuple:
    """(address, length in characters, bytes per character) of the text of a str."""
    header = memory.read(addr, layout["str.ascii_data"])
    state = int_at(header, layout["str.state"]) >> layout.get("str.kind_bit", KIND_BIT)
    kind, compact, is_ascii = state & 7, state >> 3 & 1, state >> 4 & 1
    if kind not in ENCODINGS or is_ascii and kind != 1:
        raise BadRead("0x%x is no string" % addr)
    if not compact:  # a pointer to the text: strings of the old API (to 3.11), subclasses of str
        data = memory.pointer(addr + layout["str.compact_data"])
    else:
        data = addr + layout["str.ascii_data" if is_ascii else "str.compact_data"]
    return data, pointer_at(header, layout["str.length"]), kind


def read_bytes(memory: Memory, layout: dict, addr: int, limit: int) -> tuple:
    """(the first `limit` bytes of a bytes object, its length)."""
    size = pointer_at(memory.read(addr, layout["bytes.data"]), layout["bytes.size"])
    return memory.read(addr + layout["bytes.data"], min(size, limit)), size


def read_c_string(memory: Memory, addr: int, size: int) -> bytes:
    """The bytes up to the first NUL. BadRead: no NUL among the first `size` bytes."""
    text, end, _ = memory.read(addr, size).partition(b"\0")
    if not end:
        raise BadRead("no short name at 0x%x" % addr)
    return text
