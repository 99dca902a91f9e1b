"""Adds the price of every item to a total that was read before the price was known."""

import asyncio

total = 0


async def price(item):
    await asyncio.sleep(0.01)
    return 10


async def fetch(item):
    global total
    total += await price(item)  # E-ASYNC-007 shared-state
