"""In a Python signal handler."""

import os
import signal

import truth


def inner():
    truth.block()


def handler(_number, _frame):
    inner()


def run():
    signal.signal(signal.SIGUSR1, handler)
    os.kill(os.getpid(), signal.SIGUSR1)
    while True:
        pass
