"""Four threads that spin in Python, each in a function of its own: all but one wait for the GIL."""

import truth


def one():
    truth.busy()
    while True:
        pass


def two():
    truth.busy()
    while True:
        pass


def three():
    truth.busy()
    while True:
        pass


def outer(function):
    function()


def run():
    for function in (one, two, three):
        truth.start("contend", outer, function)
    truth.block()
