"""What the names of a stripped interpreter cost: reading CPython's tables, once for each run."""

import os
import time
import tracemalloc

from agent_modules import load
from rows import Row, Unable
from tap import Target

PYTHON = "/usr/bin/python3"
PROGRAM = "import json, sqlite3, time; print('ready', flush=True); time.sleep(60)"


def read_tables(measure):
    """Reads the tables of the system's Python from a live process, outside gdb. measure(function):
    calls it, and returns the figure."""
    if not os.path.exists(PYTHON):
        raise Unable("no " + PYTHON)
    with Target(PYTHON, "-c", PROGRAM, ready="ready") as target:
        memory = load("memory").Memory(target.pid)
        code = load("code_map").CodeMap(target.pid)
        code.update()
        names = load("native_names").NativeNames(code, memory)
        files = load("python_files").PythonFiles(target.pid).scan()
        names.set_python(load("interpreter").find_live(memory, files, set())[0])
        try:
            return measure(names.read_interpreter)
        finally:
            memory.close()
            for file in code.files():
                file.file.close()


def seconds():
    def measure(function):
        start = time.process_time()
        function()
        return time.process_time() - start
    return read_tables(measure)


def megabytes():
    def measure(function):
        tracemalloc.start()
        try:
            function()
            return tracemalloc.get_traced_memory()[0] / 1e6
        finally:
            tracemalloc.stop()
    return read_tables(measure)


def rows(_quick):
    return [Row("names without symbols: CPU time, once", "s", 0.3, seconds, quick=True),
            Row("names without symbols: memory", "MB", 5, megabytes)]
