#!/usr/bin/env python3
"""Programs that hang, for pmp dump: `hang.py CASE`. Each prints its pid when it hangs, and ends
after a minute."""
import os
import signal
import socket
import sys
import threading
import time


def ready():
    def tell():
        time.sleep(0.2)
        os.write(1, b"%d\n" % os.getpid())
    thread = threading.Thread(target=tell, name="teller")
    thread.daemon = True
    thread.start()


def start(function, *args):
    thread = threading.Thread(target=function, name=function.__name__, args=args)
    thread.daemon = True
    thread.start()
    return thread


def in_both_orders(first, second):
    met = [threading.Event(), threading.Event()]

    def one():
        with first:
            met[0].set()
            met[1].wait()
            with second:
                pass

    def two():
        with second:
            met[1].set()
            met[0].wait()
            with first:
                pass
    threads = [start(one), start(two)]
    ready()
    threads[0].join()


def deadlock():
    """Two locks, taken in both orders."""
    in_both_orders(threading.Lock(), threading.Lock())


def rlocks():
    """The same with locks that store their owners."""
    in_both_orders(threading.RLock(), threading.RLock())


def silent_peer():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    connection = socket.create_connection(listener.getsockname())
    return connection, listener.accept()[0]


def lock_recv():
    """A lock that is held by a thread that waits for a silent peer."""
    lock, ends, taken = threading.Lock(), silent_peer(), threading.Event()

    def fetch():
        with lock:
            taken.set()
            ends[0].recv(10)
    start(fetch)
    taken.wait()
    ready()
    with lock:
        pass


def gil():
    """A C function that keeps the GIL, and twenty threads that wait for the GIL."""
    import ctypes
    sleep = ctypes.PyDLL(None).sleep

    def work():
        while True:
            time.sleep(0.01)
    for _ in range(20):
        start(work)
    os.write(1, b"%d\n" % os.getpid())
    sleep(60)


def join():
    """A thread that joins a sleeping thread."""
    def nap():
        time.sleep(60)
    thread = start(nap)
    ready()
    thread.join()


def queue():
    try:
        from queue import Queue
    except ImportError:
        from Queue import Queue
    ready()
    Queue().get()


def event():
    ready()
    threading.Event().wait()


def tcp():
    ends = silent_peer()
    ready()
    ends[0].recv(10)


def child():
    import subprocess
    process = subprocess.Popen(["sleep", "60"])
    ready()
    process.wait()


def spin():
    ready()
    while True:
        sum(range(100))


def sleep():
    ready()
    time.sleep(60)


def tasks():
    """Two asyncio tasks that await each other."""
    import asyncio
    both = []

    async def await_other(number):
        await asyncio.sleep(0.1)
        await both[1 - number]

    async def main():
        both.extend(asyncio.ensure_future(await_other(number)) for number in (0, 1))
        ready()
        await asyncio.wait(both)
    asyncio.get_event_loop_policy().new_event_loop().run_until_complete(main())


def task_locks():
    """Two asyncio locks, taken in both orders."""
    import asyncio

    async def take(first, second):
        async with first:
            await asyncio.sleep(0.1)
            async with second:
                pass

    async def main():
        one, two = asyncio.Lock(), asyncio.Lock()
        ready()
        await asyncio.gather(take(one, two), take(two, one))
    asyncio.get_event_loop_policy().new_event_loop().run_until_complete(main())


def server():
    """A healthy asyncio server without work."""
    import asyncio

    async def main():
        await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        ready()
    loop = asyncio.get_event_loop_policy().new_event_loop()
    loop.run_until_complete(main())
    loop.run_forever()


CASES = (deadlock, rlocks, lock_recv, gil, join, queue, event, tcp, child, spin, sleep, tasks,
         task_locks, server)

if __name__ == "__main__":
    signal.alarm(60)
    for case in CASES:
        if sys.argv[1:] == [case.__name__.replace("_", "-")]:
            case()
            break
    else:
        names = " ".join(case.__name__.replace("_", "-") for case in CASES)
        sys.exit("usage: hang.py CASE; there are " + names)
