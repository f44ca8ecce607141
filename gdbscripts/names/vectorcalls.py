"""The functions through which CPython (3.8 or later) calls methods that are written in C.

Each builtin_function_or_method and method_descriptor has a pointer to one of them, by its calling
convention. They are named by the objects on the heap; some hundreds of objects are enough, and the
first ones that a program makes are there.
"""
import re
import struct

from pmp_memory import READ_MAX, BadRead

HEAP_MAX = 1 << 25  # bytes that are searched
# One line of /proc/PID/maps: private writable memory of no file.
HEAP_LINE = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) rw.p \S+ 00:00 0 *(\[heap\]|\[anon.*)?$",
                       re.MULTILINE)
SINCE = (3, 8)
# Name of the type: (offset of the pointer to its PyMethodDef, the beginning of the C names). The
# pointer to the function is VECTORCALL bytes after the object's head. PyCFunctionObject:
# Include/cpython/methodobject.h; PyMethodDescrObject: Include/cpython/descrobject.h.
KINDS = {"builtin_function_or_method": (16, "cfunction_vectorcall_"),
         "method_descriptor": (40, "method_vectorcall_")}
VECTORCALL = 48


def find_vectorcalls(memory, maps: bytes, tables, words, python) -> dict:
    """{address of a function: its C name}. maps: text of /proc/PID/maps; tables: FunctionTables of
    the interpreter's file; words: its FileWords; python: PythonFacts."""
    if python.version < SINCE:
        return {}
    found, left = {}, HEAP_MAX
    kinds = [(struct.pack("<Q", address),) + KINDS[name]
             for address, name in tables.types.items() if name in KINDS]
    more = python.head - 24
    for match in HEAP_LINE.finditer(maps):
        at, end = int(match.group(1), 16), int(match.group(2), 16)
        while at < end and left > 0:
            try:
                data = memory.read_some(at, min(end - at, READ_MAX))
            except BadRead:
                break
            for kind in kinds:
                _search(data, kind, more, tables.methods, words.starts, found)
            at += len(data)
            left -= len(data)
    return found


def _search(data: bytes, kind: tuple, more: int, methods: dict, starts, found: dict) -> None:
    """Adds the functions of all objects of a kind that are in `data`. more: bytes of an object's
    head beyond 16."""
    pattern, method_at, name = kind
    at = data.find(pattern)
    while at >= 0:
        start = at - 8 - more
        if not at & 7 and start >= 0 and start + more + VECTORCALL + 8 <= len(data):
            method, = struct.unpack_from("<Q", data, start + more + method_at)
            function, = struct.unpack_from("<Q", data, start + more + VECTORCALL)
            if method in methods and function in starts:
                found.setdefault(function, name + methods[method][2])
        at = data.find(pattern, at + 1)
