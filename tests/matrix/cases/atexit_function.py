"""At the end of the interpreter: a function called by atexit blocks."""

import atexit

import truth


def inner():
    truth.block()


def last():
    inner()


def run():
    atexit.register(last)
