#!/usr/bin/env python3
"""The parts of the binary: `make size`.

    tests/bench/size.py MAP BINARY

MAP is the linker's map of a static link (-Wl,-Map), BINARY the stripped program. Prints a table
with the sum of the sections in the file for each archive. Strings that the linker merged count for
the first file that has them.
"""

import collections
import os
import re
import sys

# One input section: an address, a size and a file. A long section name is on a line of its own.
SECTION = re.compile(r"^ (?:\.?[\w.$*@-]+)?\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S.*)$")
OUTPUT = re.compile(r"^(\.[\w.-]+)")
# Output sections that are not in the stripped file.
NOT_IN_FILE = (".bss", ".tbss", ".debug", ".comment")
# archive or object: (the row's name, its use)
PARTS = {
    "cli.a": ("cli", "commands, sampling, options, help, `pmp top`"),
    "main.o": ("cli", "commands, sampling, options, help, `pmp top`"),
    "merger.a": ("merger", "parsers, call tree, formats"),
    "libc.a": ("libc", "the C library"),
    "libncursesw.a": ("ncurses", "the screen of `pmp top`"),
    "libtinfo.a": ("tinfo", "the screen of `pmp top`: terminal descriptions"),
    "libyaml.a": ("libyaml", "reading and writing profiles"),
    "libz.a": ("zlib", "reading packed text (`pmp fold trace.gz`), packing pprof's format"),
    "libprotobuf-c.a": ("protobuf-c", "writing pprof's format"),
    "libgcc.a": ("libgcc", "the compiler's run-time library"),
    "libgcc_eh.a": ("libgcc", "the compiler's run-time library"),
    "libm.a": ("libm", "mathematics"),
}
OTHER = ("other", "start-up code")


def part(path):
    """The row of a file, which is an object or ARCHIVE(OBJECT)."""
    name = os.path.basename(path.partition("(")[0])
    return PARTS.get(re.sub(r"^libm-[\d.]+", "libm.", name), OTHER)


def sizes(lines):
    """{(name, use): bytes}, and the bytes of the scripts for gdb."""
    found, agent, in_map, in_file = collections.Counter(), 0, False, False
    for line in lines:
        in_map = in_map or line.startswith("Linker script and memory map")
        output = OUTPUT.match(line)
        if output:
            in_file = not output.group(1).startswith(NOT_IN_FILE)
        match = SECTION.match(line)
        if not in_map or not in_file or not match:
            continue
        size, path = int(match.group(1), 16), match.group(2)
        found[part(path)] += size
        agent += size if path.endswith("(agent.o)") else 0
    return found, agent


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        found, agent = sizes(file)
    total = os.path.getsize(sys.argv[2])
    print("| part | bytes | use |")
    print("| --- | --- | --- |")
    for (name, use), size in sorted(found.items(), key=lambda row: -row[1]):
        if name == "cli":
            use += "; {:,} bytes are the compressed scripts for gdb".format(agent)
        print("| {} | {:,} | {} |".format(name, size, use))
    print("| {} | {:,} | {} |".format("the binary", total, "with headers and padding"))


if __name__ == "__main__":
    main()
