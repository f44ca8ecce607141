"""Prints the lines of code objects as this Python itself reports them, for
tests/agent/test_agent_python.py. It runs with any version. One row for each code object:

    first line, line table in hexadecimal, offset:line ...      (line 0: none)
"""
import dis
import glob
import os
import sys

FAR = ("def f(x):\n" + "\n" * 3000 + " y = (x +\n" + "\n" * 500 + "  x)\n" + "\n" * 70000
       + " return y\n")
UP_AND_DOWN = ("def g(x):\n return (x,\n" + "\n" * 150 + "  [x\n for x in\n" + "\n" * 400
               + " x], x.y(\n 1,\n 2).z)\n")
LONG = ("def h(x):\n x = (" + "x, " * 5000 + "x)\n return [\n"
        + "".join(" x(%d),\n" % i for i in range(300)) + "]\n")


def lines(code):
    """Yields (offset, line) of the first and the last code unit of each range."""
    if hasattr(code, "co_lines"):
        for start, end, line in code.co_lines():
            if end > start:
                yield start, line or 0
                yield end - 2, line or 0
        return
    starts = list(dis.findlinestarts(code))
    ends = [start for start, _ in starts[1:]] + [len(code.co_code)]
    for (start, line), end in zip(starts, ends):
        yield start, line
        yield end - 1, line


def show(code):
    table = getattr(code, "co_linetable", None) or code.co_lnotab
    digits = "".join("%02x" % byte for byte in bytearray(table)) or "-"
    pairs = " ".join("%d:%d" % pair for pair in lines(code))
    print("%d %s %s" % (code.co_firstlineno, digits, pairs))
    for const in code.co_consts:
        if isinstance(const, type(code)):
            show(const)


for text in (FAR, UP_AND_DOWN, LONG):
    show(compile(text, "x", "exec"))
for path in sorted(glob.glob(os.path.dirname(os.__file__) + "/*.py"))[:int(sys.argv[1])]:
    with open(path, "rb") as file:
        show(compile(file.read(), path, "exec"))
