"""A Python program of which it is known where it spends its time (see README.md).

    spin.py [--seconds S] [--threads N] [--processes N]

Prints "ready PID" and ends by itself. Needs spinext.so beside it or on PYTHONPATH.
"""

import argparse
import json
import os
import sys
import threading
import time
import zlib

import spinext

# One round, in seconds. From the golden ratio, so that looks at even intervals (10 a second, say) fall on
# ever other moments of a round: they cannot beat with it.
ROUND = 0.2618034


def work(until):
    """Python code, and nothing else."""
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
    """All of it is in a C function, which lets go of the GIL."""
    spinext.burn(until)


def callback(until):
    return work(until)


def with_callback(until):
    """Python -> C -> Python."""
    spinext.call(callback, until)


class Library:
    """Time in other people's C: sorted() with a key in Python, json, zlib."""

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
    """Which part runs is told by the clock alone, so that a stop shifts no time from one to another."""
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

    # A part that waits for the GIL when its time is up goes on for as long: keep that short.
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
