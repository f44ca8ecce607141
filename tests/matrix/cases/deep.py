"""Recursion 2,000 deep."""

import sys

import truth

DIRECT = [("down", "down")]


def down(depth):
    if depth:
        return down(depth - 1)
    return truth.block()


def run():
    sys.setrecursionlimit(5000)
    down(2000)
