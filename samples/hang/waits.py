#!/usr/bin/env python3
"""Programs that wait for objects of Python's library, for pmp dump: `waits.py CASE`. Each prints
its pid when it hangs, and ends after a minute."""
import concurrent.futures
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor


def ready(seconds=0.3):
    def tell():
        time.sleep(seconds)
        os.write(1, b"%d\n" % os.getpid())
    start(tell)


def start(function, *args, daemon=True):
    thread = threading.Thread(target=function, name=function.__name__, args=args, daemon=daemon)
    thread.start()
    return thread


def nap():
    time.sleep(60)


# Futures and pools of threads.


def outer(pool, below):
    return below(pool)


def fill_pool(workers, below):
    """All workers of a pool wait, with `below`, for items of the same pool."""
    with ThreadPoolExecutor(workers) as pool:
        gate = threading.Barrier(workers + 1)

        def item():
            gate.wait()
            return below(pool)
        items = [pool.submit(item) for _ in range(workers)]
        gate.wait()
        ready()
        for future in items:
            future.result()


def pool_of_four():
    fill_pool(4, lambda pool: pool.submit(nap).result())


def pool_of_one():
    fill_pool(1, lambda pool: pool.submit(nap).result())


def pool_map():
    fill_pool(2, lambda pool: list(pool.map(abs, [1, 2, 3])))


def pool_wait():
    fill_pool(2, lambda pool: concurrent.futures.wait([pool.submit(nap), pool.submit(nap)]))


def pool_completed():
    fill_pool(2, lambda pool: list(concurrent.futures.as_completed([pool.submit(nap)])))


def two_pools():
    """A worker of each of two pools waits for an item of the other pool."""
    one, two = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    gate = threading.Barrier(2)

    def item(other):
        gate.wait()
        return other.submit(nap).result()
    items = [one.submit(item, two), two.submit(item, one)]
    ready()
    items[0].result()


def pool_of_two(pool, lock):
    with lock:
        pool.submit(nap)


def future_sleeps():
    """A future whose item sleeps in one worker of several."""
    pool = ThreadPoolExecutor(3)
    pool.submit(abs, 1).result()
    future = pool.submit(nap)
    ready()
    future.result()


def future_full():
    """A future that no worker has begun: all of them sleep."""
    pool = ThreadPoolExecutor(2)
    for _ in range(2):
        pool.submit(nap)
    future = pool.submit(abs, 1)
    ready()
    future.result()


def future_lost():
    """A future that belongs to no pool."""
    ready()
    concurrent.futures.Future().result()


def pool_shutdown():
    """The end of a `with` on a pool whose worker sleeps."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(nap)
        ready()


# Objects of threading and queue.


def queue_empty():
    """A queue whose producer waits for a lock that a sleeping thread holds."""
    items, lock, taken = queue.Queue(), threading.Lock(), threading.Event()

    def holder():
        with lock:
            taken.set()
            nap()

    def producer():
        taken.wait()
        with lock:
            items.put(1)
    start(holder)
    start(producer)
    ready()
    items.get()


def queue_full():
    """A full queue, and a consumer that sleeps."""
    items = queue.Queue(10)

    def consumer():
        items.get()
        nap()
    start(consumer)
    ready()
    for number in range(20):
        items.put(number)


def queue_alone():
    """An empty queue that no other thread uses."""
    items = queue.Queue()
    ready()
    items.get()


def queue_join():
    """A worker that forgets task_done."""
    items = queue.Queue()

    def worker():
        while True:
            items.get()
    for number in range(3):
        items.put(number)
    start(worker)
    ready()
    items.join()


def queue_sentinel():
    """A thread is joined that waits for an item that nobody will put."""
    items = queue.Queue()

    def worker():
        while items.get() is not None:
            pass
    thread = start(worker)
    items.put(1)
    ready()
    thread.join()


def simple_queue():
    items = queue.SimpleQueue()

    def producer():
        nap()
        items.put(1)
    start(producer)
    ready()
    items.get()


ITEMS = queue.LifoQueue()


def put_late():
    nap()
    ITEMS.put(1)


def queue_global():
    """A queue in a global variable."""
    start(put_late)
    ready()
    ITEMS.get()


def barrier():
    """Two of three threads have arrived."""
    gate = threading.Barrier(3)

    def arrive():
        gate.wait()

    def late():
        nap()
        gate.wait()
    start(arrive)
    start(late)
    ready()
    gate.wait()


def semaphore():
    """Both places are taken by sleeping threads."""
    places = threading.BoundedSemaphore(2)

    def take():
        with places:
            nap()
    start(take)
    start(take)
    time.sleep(0.1)
    ready()
    with places:
        pass


def event():
    """An event that a sleeping thread will set."""
    flag = threading.Event()

    def setter():
        nap()
        flag.set()
    start(setter)
    ready()
    flag.wait()


def condition():
    change = threading.Condition()

    def notifier():
        nap()
        with change:
            change.notify()
    start(notifier)
    ready()
    with change:
        change.wait_for(lambda: False)


def condition_lock():
    """The lock of a Condition, held inside a `with` on the Condition."""
    change, taken = threading.Condition(threading.Lock()), threading.Event()

    def holder():
        with change:
            taken.set()
            nap()
    start(holder)
    taken.wait()
    ready()
    with change:
        pass


def lock_twice():
    """A Lock that the same thread has taken in a caller."""
    lock = threading.Lock()

    def inner():
        with lock:
            pass
    ready()
    with lock:
        inner()


def acquire_twice():
    lock = threading.Lock()
    lock.acquire()
    ready()
    lock.acquire()


def shutdown():
    """The end of the main thread, while another thread sleeps."""
    start(nap, daemon=False)
    ready()


# Locks and pools of multiprocessing. The children have the same group, so that they end as well.


def hold(lock):
    with lock:
        nap()


def start_process(function, *args):
    multiprocessing.Process(target=function, args=args, daemon=True).start()
    time.sleep(0.3)
    ready()


def process_lock():
    """A lock that a child holds."""
    lock = multiprocessing.Lock()
    start_process(hold, lock)
    with lock:
        pass


def process_lock_twice():
    lock = multiprocessing.Lock()
    ready()
    with lock:
        lock.acquire()


def process_semaphore():
    places = multiprocessing.Semaphore(2)
    places.acquire()
    places.acquire()
    ready()
    places.acquire()


def process_queue_full():
    items = multiprocessing.Queue(2)
    ready()
    for number in range(3):
        items.put(number)


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def process_pool():
    """A pool whose worker dies with its item."""
    with multiprocessing.Pool(1) as pool:
        ready(0.6)
        pool.map(die, [1])


def process_future():
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        future = pool.submit(time.sleep, 60)
        ready()
        future.result()


# Locks that a process inherits over fork.


def fork_with(lock):
    """A child waits for a lock that another thread of its parent held."""
    taken = threading.Event()

    def holder():
        with lock:
            taken.set()
            nap()
    start(holder)
    taken.wait()
    if os.fork():
        return nap()
    signal.alarm(60)
    ready()
    with lock:
        return None


def fork_rlock():
    fork_with(threading.RLock())


def fork_lock():
    fork_with(threading.Lock())


CASES = [value for value in list(globals().values())
         if callable(value) and value.__module__ == "__main__" and not value.__code__.co_argcount
         and value not in (nap, put_late)] if __name__ == "__main__" else []

if __name__ == "__main__":
    signal.alarm(60)
    for case in CASES:
        if sys.argv[1:] == [case.__name__.replace("_", "-")]:
            case()
            break
    else:
        names = " ".join(case.__name__.replace("_", "-") for case in CASES)
        sys.exit("usage: waits.py CASE; there are " + names)
