"""Limits itself to ten at once, by a semaphore of the module."""

import asyncio

items = range(120)
LIMIT = asyncio.Semaphore(10)


async def task(item: int) -> int:
    """Takes 10 ms."""
    async with LIMIT:
        await asyncio.sleep(0.01)
    return item
