"""Takes a lock that it already has."""

import asyncio

LOCKS = {}


async def update(lock):
    async with lock:  # E-ASYNC-004 completed
        await asyncio.sleep(0)


async def fetch(item):
    lock = LOCKS.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock:
        await update(lock)
