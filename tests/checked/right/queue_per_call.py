"""Makes its queue on the event loop that it runs on."""

import asyncio


async def produce(queue):
    for number in range(3):
        await queue.put(number)


async def both():
    queue = asyncio.Queue(1)
    producer = asyncio.ensure_future(produce(queue))
    numbers = [await queue.get() for _ in range(3)]
    await producer
    return numbers


def fetch(item):
    return asyncio.run(both())
