"""Runs until it is killed, always with the same threads: in C, asleep, in callbacks, in Python."""

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
    truth.print_line("ready")
    counting()
