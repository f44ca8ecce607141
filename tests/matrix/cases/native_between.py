"""a -> b -> list(map(a, ...)) and so on: native frames between groups of Python frames."""

import truth

VIA = [("b", "a", "map")]
DIRECT = [("a", "b"), ("run", "a")]


def a(depth):
    return b(depth)


def b(depth):
    if not depth:
        truth.block()
    return list(map(a, [depth - 1]))


def run():
    a(12)
