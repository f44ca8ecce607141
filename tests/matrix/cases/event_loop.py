"""asyncio's event loop: a task awaits another task, whose coroutine blocks the loop."""

import asyncio

import truth


async def blocking():
    await asyncio.sleep(0)
    truth.block()


async def inner():
    await blocking()


async def outer():
    await asyncio.gather(inner())


def run():
    asyncio.new_event_loop().run_until_complete(outer())
