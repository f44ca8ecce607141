"""A Python program that spends its time in known places (see README.md).

    spin.py [--seconds S] [--threads N] [--processes N]

Prints "ready PID" and ends after --seconds. Needs spinext.so in its folder or on PYTHONPATH.
"""

import argparse
import json
import os
import sys
import threading
import time
import zlib

import spinext

# One round in seconds, derived from the golden ratio: samples at regular intervals (as 10 a second)
# hit a different moment of each round, so they cannot be in phase with the rounds.
ROUND = 0.2618034


def work(until):
    """Python code only."""
    total = 0
    while time.monotonic() < until:
        for i in range(500):
            total += i * i % 7
    return total


def step_two(until):
    return work(until)


def step_one(until):
    return step_two(until)


def in_python(until):
    step_one(until)


def in_extension(until):
    """A C function, which releases the GIL."""
    spinext.burn(until)


def callback(until):
    return work(until)


def with_callback(until):
    """Python -> C -> Python."""
    spinext.call(callback, until)


class Library:
    """C code of the standard library: sorted() with a key in Python, json, zlib."""

    def __init__(self):
        self.words = [str(i * 7919 % 1000) for i in range(300)]

    @staticmethod
    def key(word):
        return word[::-1]

    def once(self):
        words = sorted(self.words, key=self.key)
        return zlib.compress(json.dumps(words).encode())


def in_library(until):
    library = Library()
    while time.monotonic() < until:
        library.once()


PARTS = ((0.4, in_python), (0.3, in_extension), (0.2, with_callback), (0.1, in_library))


def run(start, end):
    """Runs the parts in turn. The clock alone decides which part runs, so a pause does not change
    the shares."""
    now = time.monotonic()
    while now < end:
        rounds, phase = divmod(now - start, ROUND)
        border = 0.0
        for share, part in PARTS:
            border += share
            if phase < border * ROUND:
                break
        part(start + (rounds + border) * ROUND)
        now = time.monotonic()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()

    # A part that waits for the GIL at its end takes too long by that time: keep the wait short.
    sys.setswitchinterval(0.0005)
    start = time.monotonic()
    end = start + args.seconds
    children = []
    for _ in range(args.processes - 1):
        pid = os.fork()
        if not pid:
            children = None
            break
        children.append(pid)
    for i in range(args.threads - 1):
        threading.Thread(target=run, args=(start - ROUND * (i + 1) / args.threads, end),
                         name="spin-%d" % (i + 1), daemon=True).start()
    if children is not None:
        print("ready %d" % os.getpid(), flush=True)
    run(start, end)
    for pid in children or ():
        os.waitpid(pid, 0)


if __name__ == "__main__":
    sys.exit(main())
