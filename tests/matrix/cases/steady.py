"""Goes on as it is for as long as anybody looks: the same threads, in C, asleep, in callbacks and in Python."""

import hashlib
import time

import truth

DATA = b"x" * (1 << 20)


def key(number):
    time.sleep(0.002)
    return -number


def sleeping():
    while True:
        time.sleep(0.005)


def sorting():
    while True:
        sorted(range(5), key=key)


def hashing():
    while True:
        hashlib.sha1(DATA)


def count(number):
    while number:
        number -= 1


def counting():
    while True:
        count(100000)


def run():
    for function in (sleeping, sorting, hashing):
        truth.start("steady", function)
    truth.say("ready")
    counting()
