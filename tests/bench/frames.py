"""A Python program asleep below so many Python frames: frames.py N. Prints "ready PID"."""

import os
import sys
import time


def down(depth):
    if depth:
        return down(depth - 1)
    os.write(1, ("ready %d\n" % os.getpid()).encode("ascii"))
    return time.sleep(600)


# <module> is a frame, too.
down(int(sys.argv[1]) - 2)
