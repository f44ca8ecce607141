"""A thread that runs code in a subinterpreter has frames in both interpreters."""

import sys
import threading

import truth

try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters

TEXT = """
import os
def inner():
    os.read(%d, 1)

def outer():
    inner()

outer()
""" % truth.PIPE


def run():
    name = "<string>" if sys.version_info < (3, 14) else "<script>"
    inner = [["<module>", name, 9], ["outer", name, 7], ["inner", name, 4]]
    truth.subinterpreter_frames[threading.current_thread().ident] = (sys._getframe(), inner)
    _interpreters.run_string(_interpreters.create(), TEXT)
