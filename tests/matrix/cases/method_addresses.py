"""Where the C functions of this interpreter's types and modules are, as its own objects say. As a
program it prints that as JSON, and waits for the end of its standard input."""

import csv
import ctypes
import datetime
import decimal
import hashlib
import io
import json
import pickle
import re
import struct
import sys
import time
import types
import zlib

USED = csv, datetime, decimal, hashlib, io, pickle, re, time, zlib  # their types are collected

WORD = struct.calcsize("P")
HEAD = object.__basicsize__  # of an object; its last word is its type
DESCRIPTOR = HEAD + (3 if sys.version_info >= (3,) else 2) * WORD  # what a descriptor is of
rows = []


def pointer(address):
    return ctypes.c_size_t.from_address(address).value


def text(address):
    return ctypes.string_at(address).decode("latin-1")


def type_name(kind):
    return text(pointer(id(kind) + HEAD + WORD))


def add_method(address, owner):
    """A PyMethodDef."""
    rows.append([pointer(address + WORD), owner, text(pointer(address))])


def add(value, owner):
    kind = type(value).__name__
    if isinstance(value, staticmethod):
        value = value.__get__(None, object)
        kind = type(value).__name__
    if kind in ("method_descriptor", "classmethod_descriptor"):
        add_method(pointer(id(value) + DESCRIPTOR), owner)
    elif kind == "wrapper_descriptor":
        rows.append([pointer(id(value) + DESCRIPTOR + WORD), owner, value.__name__])
    elif kind == "getset_descriptor":
        table = pointer(id(value) + DESCRIPTOR)
        for at, ending in ((1, ""), (2, " (set)")):
            if pointer(table + at * WORD):
                rows.append([pointer(table + at * WORD), owner, text(pointer(table)) + ending])
    elif kind == "builtin_function_or_method":
        add_method(pointer(id(value) + HEAD), owner)


def all_types(kind, seen):
    seen.add(kind)
    for below in type.__subclasses__(kind):
        if below not in seen:
            all_types(below, seen)
    return seen


def collect():
    """[[address, owner, member]]"""
    for kind in all_types(object, set()):
        for value in list(kind.__dict__.values()):
            add(value, type_name(kind))
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType):
            for value in list(vars(module).values()):
                if getattr(value, "__module__", None) == module.__name__:
                    add(value, module.__name__)
    return sorted(rows)


if __name__ == "__main__":
    print(json.dumps(collect()))
    sys.stdout.flush()
    sys.stdin.read()
