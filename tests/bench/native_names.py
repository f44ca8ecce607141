"""What the names of a stripped interpreter cost, once for each run: CPython's tables, before the
first sample, and with --glue the callers of what is in no table.
"""

import contextlib
import os
import time
import tracemalloc

from agent_modules import load
from rows import Row, Unable
from tap import Target

PYTHON = "/usr/bin/python3"
PROGRAM = "import json, sqlite3, time; print('ready', flush=True); time.sleep(60)"


@contextlib.contextmanager
def names():
    """Yields the NativeNames and the CodeMap of a live process of the system's Python, outside
    gdb."""
    if not os.path.exists(PYTHON):
        raise Unable("no " + PYTHON)
    with Target(PYTHON, "-c", PROGRAM, ready="ready") as target:
        memory = load("memory").Memory(target.pid)
        code = load("code_map").CodeMap(target.pid)
        code.update()
        found = load("native_names").NativeNames(code, memory, True)
        files = load("python_files").PythonFiles(target.pid).scan()
        found.set_python(load("interpreter").find_live(memory, files, lambda _ident: True)[0])
        try:
            yield found, code
        finally:
            memory.close()
            for file in code.files():
                file.file.close()


def find_nameless(found, code):
    """Asks for names in the interpreter, up to the first function without one."""
    files = [file for file in code.files() if file.uses_python]
    file = max(files, key=lambda file: len(file.frames.starts()))
    for start in file.frames.starts():
        if found.name(start + file.bias).startswith("fn 0x"):
            return
    raise Unable("%s is not stripped" % PYTHON)


def timed(function, *args):
    start = time.process_time()
    function(*args)
    return time.process_time() - start


def tables():
    with names() as (found, _):
        return timed(found.read_interpreter)


def callers():
    with names() as (found, code):
        found.read_interpreter()
        return timed(find_nameless, found, code)


def megabytes():
    with names() as (found, code):
        tracemalloc.start()
        try:
            found.read_interpreter()
            find_nameless(found, code)
            return tracemalloc.get_traced_memory()[0] / 1e6
        finally:
            tracemalloc.stop()


def rows(_quick):
    return [Row("names without symbols: CPU time before the first sample", "s", 0.3, tables,
                quick=True),
            Row("names without symbols: CPU time more with --glue", "s", 0.3, callers),
            Row("names without symbols: memory", "MB", 5, megabytes)]
