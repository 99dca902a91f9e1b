"""Makes its semaphore inside the coroutine that each event loop runs."""

import asyncio


async def part(limit):
    async with limit:
        await asyncio.sleep(0.005)


async def parts():
    limit = asyncio.Semaphore(1)
    await asyncio.gather(part(limit), part(limit))


def fetch(item):
    asyncio.run(parts())
    return item
