"""Reads a few values of an endless generator and closes it."""
# since 3.10: aclosing

import asyncio
from contextlib import aclosing


async def numbers(start):
    try:
        while True:
            yield start
            start += 1
            await asyncio.sleep(0)
    finally:
        await asyncio.sleep(0)


async def fetch(item):
    total = 0
    async with aclosing(numbers(item)) as values:
        async for value in values:
            total += value
            if value >= item + 3:
                break
    return total
