"""A Python program that does the same work in each round, for pmp diff (see README.md).

    rounds.py [--work N] [--seconds S]

A round calls a C function (spinext.work) with N thousand steps, and five Python functions. With the
default, 100, the C function takes about 60 % of a round. With --work 51 it takes 15 % less time
than with --work 60. Prints "ready PID". Needs spinext.so in its folder or on PYTHONPATH.
"""

import argparse
import os
import time

import spinext


def add(count):
    total = 0
    for i in range(count):
        total += i * 3 % 7
    return total


def parse(count):
    return add(count)


def check(count):
    return sum(i & 5 for i in range(count))


def pack(count):
    return len(",".join(str(i) for i in range(count)))


def sort(count):
    return sorted((i * 7919) % 1009 for i in range(count))[0]


def one_round(steps):
    spinext.work(steps)
    parse(220)
    check(250)
    pack(130)
    sort(130)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3600)
    options = parser.parse_args()
    print("ready %d" % os.getpid(), flush=True)
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        one_round(options.work * 1000)


main()
