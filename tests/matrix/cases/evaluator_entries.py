"""Six Python frames in two calls of the evaluator: the first and the fourth frame start one."""

import truth

VIA = [("run", "one", "map"), ("three", "four", "sort")]
DIRECT = [("one", "two"), ("two", "three"), ("four", "five"), ("five", "six")]


def six(_):
    truth.block()


def five(x):
    six(x)


def four(x):
    five(x)


def three(x):
    sorted([x], key=four)


def two(x):
    three(x)


def one(x):
    two(x)


def run():
    list(map(one, [1]))
