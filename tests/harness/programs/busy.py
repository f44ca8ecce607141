"""A correct program that uses its locks all the time: nested `with`, an RLock, a queue, a
condition, the GIL."""
import os
import signal
import threading
import time

try:
    from queue import Queue
except ImportError:
    from Queue import Queue

outer, inner, again, queue = threading.Lock(), threading.Lock(), threading.RLock(), Queue(10)
changed = threading.Condition(outer)


def nest():
    while True:
        with outer:
            with inner:
                sum(range(50))
        with again:
            with again:
                pass
        with inner:
            pass


def nap():
    while True:
        with outer:
            time.sleep(0.0005)


def put():
    while True:
        queue.put(1)


def get():
    while True:
        queue.get()


def wait():
    while True:
        with changed:
            changed.wait(0.001)


signal.alarm(3600)
for function in (nest, nest, nest, nest, nap, put, get, wait):
    thread = threading.Thread(target=function)
    thread.daemon = True
    thread.start()
os.write(1, b"ready %d\n" % os.getpid())
while True:
    time.sleep(1)
