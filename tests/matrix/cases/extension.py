"""A C extension (extension.c) calls a Python function, which calls the extension again."""

import os
import sys

import truth

sys.path.insert(0, os.environ.get("MATRIX_MODULES", "/nowhere"))
import calling  # noqa: E402

VIA = [("run", "outer", "extension_inner"), ("outer", "inner", "extension_inner")]


def inner():
    truth.block()


def outer():
    calling.call(inner)


def run():
    calling.call(outer)
