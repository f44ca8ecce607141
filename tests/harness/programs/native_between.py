"""Python functions with C functions of the interpreter between them; the last one sleeps."""

import functools
import re
import time


class Item(object):
    def __add__(self, _other):
        return functools.reduce(wait, [1, 2])


def wait(_one, _two):
    time.sleep(60)


def replace(_match):
    return Item() + 1


def substitute(_number):
    return re.compile("x").sub(replace, "x")


def order(number):
    return sorted([number, 2], key=substitute)


def spread(number):
    return list(map(order, [number]))


print("ready", flush=True)
spread(1)
