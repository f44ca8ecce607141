"""pmp's own lines in gdb's text: `~pmp VERB key=value ...`. Grammar: merger/parse/marker.h."""
import os

TEXT_FD = 3  # the pipe that pmp reads (cli/gdb/worker.h)


def percent_encoded(value: object) -> str:
    """The text of `value`, with each byte that is no printable ASCII, and % itself, as %XX."""
    data = str(value).encode("utf-8", "backslashreplace")
    return "".join(
        chr(b) if 0x20 < b < 0x7f and b != 0x25 else "%%%02X" % b for b in data)


def marker(_verb: str, *more: tuple, **pairs: object) -> str:
    """One marker line. `more`: (key, value) pairs, for keys that may occur more than once; they
    follow `pairs`."""
    rows = list(pairs.items()) + list(more)
    words = ["%s=%s" % (key, percent_encoded(value)) for key, value in rows]
    return " ".join(["~pmp", _verb] + words)


def write_lines(lines: list) -> None:
    """Writes all lines to pmp. OSError if pmp has ended."""
    data = memoryview(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    while data:
        data = data[os.write(TEXT_FD, data):]


def one_line(text: str) -> str:
    """`text` with control characters escaped, so that it cannot pass for a line of its own."""
    if text.isprintable():
        return text
    # surrogateescape decodes a byte that is no UTF-8 to 0xdc00 + byte.
    return "".join(c if c.isprintable() else "\\x%02x" % (
        ord(c) - 0xdc00 if 0xdc80 <= ord(c) <= 0xdcff else ord(c)) for c in text)
