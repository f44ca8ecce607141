"""pmp's own lines among gdb's text; the grammar is in merger/parse/marker.h."""
import os

TEXT_FD = 3  # where the supervisor reads (cli/gdb/worker.h)


def percent_encoded(value: object) -> str:
    """`value` with every byte that would end it written as %XX."""
    data = str(value).encode("utf-8", "backslashreplace")
    return "".join(
        chr(b) if 0x20 < b < 0x7f and b != 0x25 else "%%%02X" % b for b in data)


def marker(_verb: str, *more: tuple, **pairs: object) -> str:
    """`more`: (key, value) of keys that may come more than once."""
    words = ["~pmp", _verb]
    words += ["%s=%s" % (key, percent_encoded(value)) for key, value in list(pairs.items()) + list(more)]
    return " ".join(words)


def write_lines(lines: list) -> None:
    """All of them, or an OSError when pmp is gone."""
    data = memoryview(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    while data:
        data = data[os.write(TEXT_FD, data):]


def one_line(text: str) -> str:
    """`text` with control characters escaped: it cannot pass for a line of its own."""
    if text.isprintable():
        return text
    # A byte that is no text was decoded to 0xdc00 and itself.
    return "".join(c if c.isprintable() else "\\x%02x" % (
        ord(c) - 0xdc00 if 0xdc80 <= ord(c) <= 0xdcff else ord(c)) for c in text)
