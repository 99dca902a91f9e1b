"""A semaphore of the module, used by a new event loop in every call."""

import asyncio

LIMIT = asyncio.Semaphore(1)


async def part(number):
    async with LIMIT:  # E-ASYNC-001 event-loop
        await asyncio.sleep(0.01)


async def parts():
    await asyncio.gather(part(1), part(2))


def fetch(item):
    asyncio.run(parts())
    return item
