"""A Python program that sleeps below N Python frames: frames.py N. Prints "ready PID"."""

import os
import sys
import time


def down(depth):
    if depth:
        return down(depth - 1)
    os.write(1, ("ready %d\n" % os.getpid()).encode("ascii"))
    return time.sleep(600)


# <module> and the first call are two of the frames.
down(int(sys.argv[1]) - 2)
