"""A semaphore that lets one task at a time read, wait and write."""

import asyncio

BALANCE = {"of": 100}
LIMITS = {}


async def fetch(item):
    limit = LIMITS.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(1))
    async with limit:
        balance = BALANCE["of"]
        await asyncio.sleep(0.005)
        BALANCE["of"] = balance - 1
    return item
