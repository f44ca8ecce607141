"""C functions call Python: max, reduce, re, str, dict, attribute, iterator, class, partial."""

import functools
import re

import truth

VIA = [("run", "in_max", "max"), ("in_max", "in_reduce", "reduce"),
       ("in_reduce", "in_sub", "sre|sub"), ("Made.__init__", "last", "partial"),
       ("__init__", "last", "partial")]
# max leaves by a tail call; only each partial object has its function.
SYMBOLS = [("run", "in_max"), ("Made.__init__", "last"), ("__init__", "last")]


def last(_one, _two):
    truth.block()


class Made(object):
    def __init__(self):
        functools.partial(last, 1)(2)


class Attributes(object):
    def __getattr__(self, _name):
        return self.lazy

    @property
    def lazy(self):
        return next(iter(Made, None))


class Hashed(object):
    def __hash__(self):
        Attributes().missing
        return 1


class Text(object):
    def __str__(self):
        return "%s" % {Hashed(): 1}


def in_sub(_match):
    return str(Text())


def in_reduce(_one, _two):
    return re.sub("x", in_sub, "x")


def in_max(_item):
    return functools.reduce(in_reduce, [1, 2])


def run():
    max([1], key=in_max)
