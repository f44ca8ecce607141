"""Six frames of which the first and the fourth begin a run of the evaluator: yes, no, no, yes, no, no."""

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
