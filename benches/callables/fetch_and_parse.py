"""Waits in a coroutine, then computes in it with the GIL held."""

import asyncio

items = range(80)


async def task(item: int) -> int:
    """Waits for 15 ms, computes for about 3 ms."""
    await asyncio.sleep(0.015)
    total = item
    for number in range(60_000):
        total += number % 7
    return total
