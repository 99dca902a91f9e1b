"""A queue of the module, used by a new event loop in every call."""

import asyncio

QUEUE = asyncio.Queue()


async def produce(item):
    await asyncio.sleep(0.01)
    await QUEUE.put(item)


async def both(item):
    producer = asyncio.ensure_future(produce(item))
    try:
        return await QUEUE.get()  # E-ASYNC-001 event-loop
    finally:
        await producer


def fetch(item):
    return asyncio.run(both(item))
