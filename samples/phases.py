"""A Python program that does one thing after another (see README.md).

    phases.py [--seconds S] [--phase S]

Prints "ready PID", and of each phase its name and time.monotonic() as it begins. Ends by itself. Needs spinext.so
beside it or on PYTHONPATH.
"""

import argparse
import os
import threading
import time

import spinext

SLICE = 0.0161803  # of one language; no multiple of the time between looks


def work(until):
    """Python code, and nothing else."""
    total = 0
    while time.monotonic() < until:
        for i in range(500):
            total += i * i % 7
    return total


def half_and_half(until):
    while time.monotonic() < until:
        work(min(until, time.monotonic() + SLICE))
        spinext.burn(min(until, time.monotonic() + SLICE))


def alpha(until):
    half_and_half(until)


def beta(until):
    half_and_half(until)


def rest(until):
    time.sleep(max(0, until - time.monotonic()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=60, help="how long (60)")
    parser.add_argument("--phase", type=float, default=3, help="how long a phase is (3)")
    options = parser.parse_args()
    start = time.monotonic()
    threading.Thread(target=rest, args=(start + options.seconds,), name="sleeper").start()
    print("ready %d" % os.getpid(), flush=True)
    for number in range(int(options.seconds / options.phase)):
        phase = (alpha, beta)[number % 2]
        print("%s %.6f" % (phase.__name__, time.monotonic()), flush=True)
        phase(start + (number + 1) * options.phase)


if __name__ == "__main__":
    main()
