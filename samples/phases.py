"""A Python program with phases that alternate (see README.md).

    phases.py [--seconds S] [--phase S]

Prints "ready PID", and the name and time.monotonic() of each phase when it begins. Ends after
--seconds. Needs spinext.so in its folder or on PYTHONPATH.
"""

import argparse
import os
import threading
import time

import spinext

# Seconds of one language at a time; not a multiple of a usual sampling interval.
SLICE = 0.0161803


def work(until):
    """Python code only."""
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
    parser.add_argument("--seconds", type=float, default=60, help="run time in seconds (60)")
    parser.add_argument("--phase", type=float, default=3, help="length of a phase in seconds (3)")
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
