"""50 threads: each blocks somewhere of its own, one is in C without the GIL, one spins in Python with it."""

import time
import zlib

import truth

DATA = b"no sample of one shows the other" * 200000


def blocked(number):
    if number % 3:
        return blocked_again(number)
    return truth.block()


def blocked_again(number):
    return [truth.block() for _ in range(number)]


def in_c():
    truth.busy()
    while True:
        zlib.compress(DATA, 9)


def spinning():
    number = 0
    truth.busy()
    while True:
        number += 1


def asleep():
    time.sleep(3600)


def run():
    for number in range(47):
        truth.start("fifty", blocked, number)
    truth.start("fifty", in_c)
    truth.start("fifty", spinning)
    asleep()
