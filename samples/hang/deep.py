"""deep.py CASE: a thread that sleeps at the end of a recursion; prints its pid.

once   50,000 calls of one function
cycle  30,000 calls each of two functions
"""
import os
import sys
import threading
import time


def rest():
    print(os.getpid(), flush=True)
    time.sleep(60)


def down(left):
    if left:
        down(left - 1)
    else:
        rest()


def ping(left):
    if left:
        pong(left)
    else:
        rest()


def pong(left):
    ping(left - 1)


def begin():
    if sys.argv[1] == "cycle":
        ping(30000)
    else:
        down(50000)


sys.setrecursionlimit(1000000)
threading.stack_size(1 << 30)
thread = threading.Thread(target=begin, name="deep")
thread.start()
thread.join()
