"""Waits in a coroutine."""

import asyncio

items = range(100)


async def task(item: int) -> int:
    """Takes 15 ms."""
    await asyncio.sleep(0.015)
    return item
