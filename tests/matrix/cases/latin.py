"""2.7's names are bytes in any encoding: a file's name in Latin-1, another in UTF-8."""

import sys

import truth

if sys.version_info[0] > 2:
    raise ImportError("names are text since 3.0")

INNER = """
def inner():
    truth.block()
"""
OUTER = """
def outer(inner):
    inner()
"""


def run():
    space = {"truth": truth}
    eval(compile(INNER, b"/tmp/na\xefve.py", "exec"), space)
    eval(compile(OUTER, b"/tmp/na\xc3\xafve_\xce\xbb.py", "exec"), space)
    space["outer"](space["inner"])
