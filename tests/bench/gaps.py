"""A Python program that measures its own pauses: gaps.py SECONDS FILE.

It is about 20 native and 5 Python frames deep (functools.reduce and sorted put C between the Python
functions), and reads CLOCK_MONOTONIC in a loop. More than 100 us between two readings is a gap. At
its end, after SECONDS or on SIGTERM, it writes the gaps to FILE in the format of gaps.c.
"""

import functools
import os
import signal
import sys
import time

GAP_NS = 100000
gaps = []
goes_on = [True]


def stop(_signal, _frame):
    goes_on[0] = False


def watch(end):
    clock = time.monotonic_ns
    last = clock()
    while last < end and goes_on[0]:
        now = clock()
        if now - last > GAP_NS:
            gaps.append((last, now - last))
        last = now
    return end


def compare(end):
    return watch(end)


def in_sorted(end):
    return sorted([end], key=compare)


def main(seconds, path):
    signal.signal(signal.SIGTERM, stop)
    os.write(1, ("ready %d\n" % os.getpid()).encode("ascii"))
    functools.reduce(lambda _, end: in_sorted(end), [0, time.monotonic_ns() + int(seconds * 1e9)])
    with open(path, "w") as out:
        out.writelines("0 %d %d\n" % (begin // 1000, length // 1000) for begin, length in gaps)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
