"""Line tables: from the offset of an instruction in a code object to its line. One decoder per
format.

Each decoder takes (table, first line of the code object, offset of the instruction in bytes) and
returns the line, 0 if the instruction has none. A table may contain any bytes: each decoder stops
at its end, and raises no exception.
"""


def lnotab_line(table: bytes, first_line: int, offset: int) -> int:
    """2.7 (Objects/lnotab_notes.txt): pairs of bytes: offset increment, line increment."""
    line, at = first_line, 0
    for i in range(0, len(table) - 1, 2):
        at += table[i]
        if at > offset:
            break
        line += table[i + 1]
    return line


def signed_lnotab_line(table: bytes, first_line: int, offset: int) -> int:
    """3.6 to 3.9 (Objects/lnotab_notes.txt): as 2.7, with a signed line increment."""
    line, at = first_line, 0
    for i in range(0, len(table) - 1, 2):
        at += table[i]
        if at > offset:
            break
        line += _signed(table[i + 1])
    return line


def range_line(table: bytes, first_line: int, offset: int) -> int:
    """3.10 (PEP 626, Objects/lnotab_notes.txt): pairs of bytes: length of a range, and the line
    increment before it, -128 for a range without a line."""
    if offset < 0:
        return first_line
    line, end = first_line, 0
    for i in range(0, len(table) - 1, 2):
        end += table[i]
        delta = _signed(table[i + 1])
        if delta != -128:
            line += delta
        if offset < end:
            return 0 if delta == -128 else line
    return 0


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def location_line(table: bytes, first_line: int, offset: int) -> int:
    """3.11 and later (PEP 626, 657; Objects/locations.md): each entry is a byte 1CCCCLLL (code C; L
    + 1 code units of two bytes), then the data of that code."""
    line, pos, end = first_line, 0, 0
    while pos < len(table):
        code, end = (table[pos] >> 3) & 15, end + 2 * ((table[pos] & 7) + 1)
        pos += 1
        if code in (13, 14):  # line delta; 14: then an end line delta and two columns
            delta, pos = _signed_varint(table, pos)
            line += delta
        elif 10 <= code <= 12:
            line += code - 10
        if offset < end:
            return 0 if code == 15 else line
        while pos < len(table) and not table[pos] & 128:
            pos += 1
    return 0


def _varint(table: bytes, pos: int) -> tuple:
    """(value, next position): six bits a byte, least significant first; bit 6: more bytes follow.
    At most 36 bits are read."""
    value = shift = 0
    while pos < len(table) and shift < 36:
        byte = table[pos]
        pos += 1
        value |= (byte & 63) << shift
        shift += 6
        if not byte & 64:
            break
    return value, pos


def _signed_varint(table: bytes, pos: int) -> tuple:
    value, pos = _varint(table, pos)
    return (-(value >> 1) if value & 1 else value >> 1), pos


# By the word "lines" of a layout (layouts.py).
DECODERS = {
    "lnotab": lnotab_line,
    "lnotab-signed": signed_lnotab_line,
    "ranges": range_line,
    "locations": location_line,
}
