#!/usr/bin/env python3
"""Greenlets of gevent that hang, for pmp dump: `greenlets.py CASE`. A case that begins with
"patched-"
runs with gevent's monkey patches. Each prints its pid when it hangs, and ends after a minute."""
import os
import signal
import sys

CASE = sys.argv[1]
if CASE.startswith("patched-"):
    import gevent.monkey
    gevent.monkey.patch_all()
# pylint: disable=wrong-import-position
import queue
import socket
import threading
import time

import gevent
import gevent.event
import gevent.lock
import gevent.queue
import gevent.server
import gevent.socket


def say():
    os.write(1, b"%d\n" % os.getpid())


def ready():
    """Says so when all greenlets had the time to block. The timer keeps the hub alive."""
    gevent.spawn_later(0.3, say)
    gevent.spawn_later(50, say)


def both_ways(first, second):
    """Two greenlets, each inside of a `with` on what the other one wants."""
    def one():
        with first:
            gevent.sleep(0.05)
            with second:
                pass

    def two():
        with second:
            gevent.sleep(0.05)
            with first:
                pass
    ready()
    gevent.joinall([gevent.spawn(one), gevent.spawn(two)])


def semaphores():
    both_ways(gevent.lock.Semaphore(), gevent.lock.BoundedSemaphore())


def rlocks():
    both_ways(gevent.lock.RLock(), gevent.lock.RLock())


def patched_locks():
    both_ways(threading.Lock(), threading.Lock())


def patched_rlocks():
    both_ways(threading.RLock(), threading.RLock())


def joins():
    """Two greenlets that join each other."""
    both = []

    def one():
        gevent.sleep(0.05)
        both[1].join()

    def two():
        gevent.sleep(0.05)
        both[0].join()
    both += [gevent.spawn(one), gevent.spawn(two)]
    ready()
    gevent.joinall(both)


def beside(work):
    """Greenlets that wait, and one whose work blocks the hub; a thread says so."""
    def handle():
        gevent.sleep(0.05)
        work()

    def tell():
        time.sleep(0.3)
        say()
    threading.Thread(target=tell, name="teller", daemon=True).start()
    waiting = [gevent.spawn(gevent.sleep, 50) for _ in range(5)]
    gevent.joinall(waiting + [gevent.spawn(handle)])


def blocked_sleep():
    beside(lambda: time.sleep(50))


def blocked_spin():
    def crunch():
        while True:
            sum(range(100))
    beside(crunch)


def blocked_recv():
    listener = socket.create_server(("127.0.0.1", 0))
    connection = socket.create_connection(listener.getsockname())
    beside(lambda: connection.recv(10))


def empty_queue():
    numbers = gevent.queue.Queue()

    def consume():
        numbers.get()
    ready()
    gevent.spawn(consume).join()


def event():
    done = gevent.event.Event()

    def wait_for_it():
        done.wait()
    ready()
    gevent.spawn(wait_for_it).join()


def result():
    answer = gevent.event.AsyncResult()

    def ask():
        answer.get()
    ready()
    gevent.spawn(ask).join()


def patched_queue():
    numbers = queue.Queue()

    def consume():
        numbers.get()
    ready()
    thread = threading.Thread(target=consume)
    thread.start()
    thread.join()


def peer():
    """A greenlet that reads from a silent peer."""
    listener = gevent.socket.create_server(("127.0.0.1", 0)) if hasattr(
        gevent.socket, "create_server") else gevent.socket.socket()
    connection = gevent.socket.create_connection(listener.getsockname())

    def fetch():
        connection.recv(10)
    ready()
    gevent.spawn(fetch).join()


def server():
    ready()
    gevent.server.StreamServer(("127.0.0.1", 0), lambda *_: None).serve_forever()


def naps():
    def nap():
        gevent.sleep(50)
    ready()
    gevent.joinall([gevent.spawn(nap) for _ in range(3)])


signal.alarm(60)
globals()[CASE.replace("-", "_")]()
