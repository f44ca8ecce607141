"""What the names of a stripped interpreter cost, once for each run, before the first sample:
CPython's tables, and the callers of what is in no table.
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
    """Yields the NativeNames of a live process of the system's Python, outside gdb."""
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
            yield found
        finally:
            memory.close()
            for file in code.files():
                file.file.close()


def seconds():
    with names() as found:
        start = time.process_time()
        found.read_interpreter()
        return time.process_time() - start


def megabytes():
    with names() as found:
        tracemalloc.start()
        try:
            found.read_interpreter()
            return tracemalloc.get_traced_memory()[0] / 1e6
        finally:
            tracemalloc.stop()


def rows(_quick):
    return [Row("names without symbols: CPU time, once", "s", 0.3, seconds, quick=True),
            Row("names without symbols: memory", "MB", 5, megabytes)]
