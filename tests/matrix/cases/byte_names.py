"""Names in 2.7 are bytes of any encoding: one file's name is Latin-1, another's is UTF-8."""

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
