"""Three threads spin in Python, each in a function of its own: two of them wait for the GIL."""

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
        truth.start("gil_contention", outer, function)
    truth.block()
