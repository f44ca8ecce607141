"""What the names of a stripped interpreter cost, once for each run: CPython's tables, which are
read before the first sample, and the callers of what is in no table, at the first such frame.
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
        found = load("native_names").NativeNames(code, memory)
        files = load("python_files").PythonFiles(target.pid).scan()
        found.set_python(load("interpreter").find_live(memory, files, set())[0])
        try:
            yield found, code
        finally:
            memory.close()
            for file in code.files():
                file.file.close()


def find_nameless(found, code):
    """Asks for names up to the first function without one."""
    for file in code.files():
        for start in file.frames.starts() if file.uses_python else ():
            if found.name(start + file.bias).startswith("fn 0x"):
                return
    raise Unable("%s is not stripped" % PYTHON)


def seconds(function, *args):
    start = time.process_time()
    function(*args)
    return time.process_time() - start


def tables():
    with names() as (found, _):
        return seconds(found.read_interpreter)


def callers():
    with names() as (found, code):
        found.read_interpreter()
        return seconds(find_nameless, found, code)


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
            Row("names without symbols: CPU time at the first nameless frame", "s", 0.3, callers),
            Row("names without symbols: memory", "MB", 5, megabytes)]
