#!/usr/bin/env python3
"""Event loops that hang, for pmp dump: `loops.py CASE`. A case that begins with "uv-" runs on
uvloop. Each prints its pid when it hangs, and ends after a minute."""
import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor


def tell():
    time.sleep(0.3)
    os.write(1, b"%d\n" % os.getpid())


def ready():
    threading.Thread(target=tell, name="teller", daemon=True).start()


async def nap():
    await asyncio.sleep(50)


async def handle(work, *args):
    """A task whose work blocks the loop."""
    await asyncio.sleep(0.05)
    work(*args)


def beside(work, *args):
    """A program whose second task blocks the loop, and eight tasks that wait for it."""
    async def main():
        naps = [asyncio.ensure_future(nap()) for _ in range(7)]
        worker = asyncio.ensure_future(handle(work, *args))
        await asyncio.gather(worker, *naps)
    ready()
    run(main())


def silent_peer():
    listener = socket.create_server(("127.0.0.1", 0))
    connection = socket.create_connection(listener.getsockname())
    return connection, listener.accept()[0]


def blocked_sleep():
    beside(time.sleep, 50)


def blocked_recv():
    ends = silent_peer()

    def fetch():
        ends[0].recv(10)
    beside(fetch)


def blocked_lock():
    """A threading.Lock that a thread holds which sleeps."""
    lock, taken = threading.Lock(), threading.Event()

    def keep():
        with lock:
            taken.set()
            time.sleep(50)

    def update():
        with lock:
            pass
    threading.Thread(target=keep, name="keeper", daemon=True).start()
    taken.wait()
    beside(update)


def blocked_result():
    """Future.result() of a pool, in a task."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="pool")

    def fetch():
        pool.submit(time.sleep, 50).result()
    beside(fetch)


def blocked_child():
    def convert():
        subprocess.run(["sleep", "50"])
    beside(convert)


def spin():
    while True:
        sum(range(100))


def blocked_spin():
    beside(spin)


def blocked_callback():
    """A callback of the loop, not a task."""
    def on_timer():
        time.sleep(50)

    async def main():
        asyncio.get_event_loop().call_later(0.05, on_timer)
        await nap()
    ready()
    run(main())


def blocked_protocol():
    """A protocol's data_received."""
    class Slow(asyncio.Protocol):
        def data_received(self, data):
            time.sleep(50)

    async def main():
        loop = asyncio.get_event_loop()
        server = await loop.create_server(Slow, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"x")
        await nap()
    ready()
    run(main())


def blocked_thread():
    """A loop in a thread of its own, for which the main thread waits."""
    thread = threading.Thread(target=lambda: beside(time.sleep, 50), name="loop", daemon=True)
    thread.start()
    thread.join()


def worker_thread():
    """A task that awaits a function in a thread."""
    ends = silent_peer()

    def read_all():
        ends[0].recv(10)

    async def main():
        await asyncio.get_event_loop().run_in_executor(None, read_all)
    ready()
    run(main())


def lost_future():
    """The task that sets a future has failed."""
    async def set_later(future):
        await asyncio.sleep(0.05)
        raise ValueError("failed")
        future.set_result(1)

    async def main():
        future = asyncio.get_event_loop().create_future()
        setter = asyncio.ensure_future(set_later(future))
        setter.add_done_callback(lambda done: done.exception())
        await future
    ready()
    run(main())


def lost_lock():
    """A lock that a task which has ended did not release."""
    async def forget(lock):
        await lock.acquire()

    async def main():
        lock = asyncio.Lock()
        await forget(lock)
        asyncio.ensure_future(nap())
        async with lock:
            pass
    ready()
    run(main())


def lost_event():
    async def main():
        event = asyncio.Event()
        asyncio.ensure_future(nap())
        await event.wait()
    ready()
    run(main())


def lost_queue():
    """A consumer whose producer has ended."""
    async def produce(queue):
        await queue.put(1)

    async def consume(queue):
        while True:
            await queue.get()

    async def main():
        queue = asyncio.Queue()
        await asyncio.gather(produce(queue), consume(queue))
    ready()
    run(main())


def kept_future():
    """A future that a task sets in a minute: it is no lost one."""
    async def set_later(future):
        await nap()
        future.set_result(1)

    async def main():
        future = asyncio.get_event_loop().create_future()
        setter = asyncio.ensure_future(set_later(future))
        await future
        await setter
    ready()
    run(main())


class Client:
    """Its protocol sets futures by their number, as clients of databases do."""
    def __init__(self):
        self.waiting = {}

    def data_received(self, data):
        self.waiting.pop(int(data)).set_result(data)

    async def ask(self):
        self.waiting[7] = asyncio.get_event_loop().create_future()
        return await self.waiting[7]


def asked():
    """A client that waits for an answer."""
    async def main():
        ends = silent_peer()
        client = Client()

        class Answers(asyncio.Protocol):
            data_received = staticmethod(client.data_received)
        await asyncio.get_event_loop().create_connection(Answers, sock=ends[0])
        await client.ask()
    ready()
    run(main())


def semaphores():
    """Two tasks hold a semaphore each and wait for the other's; both are of two permits."""
    async def take(first, second, met):
        async with first:
            met.append(1)
            while len(met) < 4:
                await asyncio.sleep(0.01)
            async with second:
                pass

    async def main():
        one, two, met = asyncio.Semaphore(2), asyncio.Semaphore(2), []
        await asyncio.gather(*(take(*pair, met) for pair in [(one, two), (two, one)] * 2))
    ready()
    run(main())


def busy_semaphore():
    """Two tasks hold a semaphore of two permits; one of them waits for a third one that waits for
    the semaphore, the other one goes on."""
    async def main():
        semaphore, tasks = asyncio.Semaphore(2), []

        async def wait_for_third():
            async with semaphore:
                await asyncio.sleep(0.05)
                await tasks[2]

        async def work():
            async with semaphore:
                await nap()

        async def third():
            async with semaphore:
                pass
        tasks += [asyncio.ensure_future(made) for made in (wait_for_third(), work(), third())]
        await asyncio.gather(*tasks)
    ready()
    run(main())


def lock_twice():
    async def main():
        lock = asyncio.Lock()
        async with lock:
            async with lock:
                pass
    ready()
    run(main())


def wait_for():
    async def main():
        event = asyncio.Event()
        await asyncio.wait_for(event.wait(), 50)
    ready()
    run(main())


def naps():
    async def main():
        await asyncio.gather(*(nap() for _ in range(3)))
    ready()
    run(main())


def server():
    async def main():
        started = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        asyncio.ensure_future(nap())
        async with started:
            await started.serve_forever()
    ready()
    run(main())


def stream():
    """A client that reads from a silent server."""
    async def main():
        ends = silent_peer()
        reader, _ = await asyncio.open_connection(sock=ends[0])
        await reader.read(10)
    ready()
    run(main())


def run(main):
    """asyncio.run, also before 3.7."""
    if CASE.startswith("uv-"):
        import uvloop
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main)


CASE = sys.argv[1]
signal.alarm(60)
globals()[CASE.replace("uv-", "").replace("-", "_")]()
