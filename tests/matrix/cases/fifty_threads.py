"""50 threads: 48 block in different stacks, one runs C without the GIL, one spins in Python."""

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
        truth.start("fifty_threads", blocked, number)
    truth.start("fifty_threads", in_c)
    truth.start("fifty_threads", spinning)
    asleep()
