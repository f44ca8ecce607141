"""At the interpreter's very end: modules are taken down, a __del__ blocks. By then no thread is left to ask."""

import os
import sys

import truth


class Last(object):
    def __del__(self, read=os.read, pipe=truth.PIPE):
        read(pipe, 1)


def run():
    sys.last_of_all = Last()
    code = Last.__del__.__code__
    name = truth.text(getattr(code, "co_qualname", code.co_name))
    truth.write(truth.OUT, {truth.tid(): {
        "case": "finalizing", "loose": False, "frames": [[name, "finalizing.py", code.co_firstlineno + 1]]}})
