"""Exceptions being handled: in except, finally, __exit__ and a generator's throw."""

import truth


class Leaving(object):
    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        assert kind
        in_except()
        return True


def in_except():
    try:
        {}["missing"]
    except KeyError:
        in_finally()


def in_finally():
    try:
        raise ValueError("in flight")
    finally:
        in_generator()


def generator():
    try:
        yield 1
    except ValueError:
        truth.block()


def in_generator():
    thrown = generator()
    next(thrown)
    thrown.throw(ValueError("thrown"))


def run():
    with Leaving():
        raise OSError("in flight")
