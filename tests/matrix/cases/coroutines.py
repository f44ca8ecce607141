"""yield from, async def, async for, async with (3.6 and later)."""

import truth


def delegating():
    yield from waiting()


def waiting():
    yield 1
    truth.block()


class Awaitable:
    def __await__(self):
        return delegating()


class Context:
    async def __aenter__(self):
        await Awaitable()

    async def __aexit__(self, *_):
        pass


async def items():
    async with Context():
        yield 1


async def looping():
    async for _ in items():
        pass


async def first():
    return [await looping() for _ in range(1)]


def run():
    coroutine = first()
    coroutine.send(None)
    coroutine.send(None)
