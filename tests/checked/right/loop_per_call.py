"""A function for programs without asyncio: an event loop for each call."""

import asyncio


async def part(number):
    await asyncio.sleep(0.002)
    return number


async def gather(item):
    return await asyncio.gather(*(part(item + offset) for offset in range(3)))


def fetch(item):
    return sum(asyncio.run(gather(item)))
