"""Counts with a wait in between, inside one lock for all."""

import asyncio

STATS = {"fetched": 0}
LOCKS = {}


async def fetch(item):
    lock = LOCKS.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock:
        fetched = STATS["fetched"]
        await asyncio.sleep(0.01)
        STATS["fetched"] = fetched + 1
    return item
