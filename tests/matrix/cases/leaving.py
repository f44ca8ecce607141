"""At the interpreter's end: a function that atexit calls blocks."""

import atexit

import truth


def inner():
    truth.block()


def last():
    inner()


def run():
    atexit.register(last)
