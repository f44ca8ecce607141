"""A finalizer blocks in the garbage collector. (2.7 collects no cycle that has a finalizer.)"""

import gc

import truth


class Cycle(object):
    def __init__(self):
        self.own = self

    def __del__(self):
        inner()


def inner(*_):
    truth.block()


def run():
    Cycle()
    gc.collect()
    inner()
