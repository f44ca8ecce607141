"""A chain of generators, driven by loops, next() and C."""

import truth

VIA = [("outer", "middle", "list|sum|gen")]


def innermost():
    yield 1
    truth.block()


def inner():
    for item in innermost():
        yield item


def middle():
    iterator = inner()
    yield next(iterator)
    yield next(iterator)


def outer():
    yield sum(middle())


def run():
    for _ in outer():
        pass
