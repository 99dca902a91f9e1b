"""Waits first, and then adds without waiting."""

import asyncio

total = 0


async def price(item):
    await asyncio.sleep(0.01)
    return 10


async def fetch(item):
    global total
    amount = await price(item)
    total += amount
    return item
