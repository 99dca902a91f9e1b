"""Takes a lock, but each call makes one of its own."""

import asyncio

quota = {"left": 100}


async def fetch(item):
    lock = asyncio.Lock()
    async with lock:
        left = quota["left"]
        await asyncio.sleep(0.01)
        quota["left"] = left - 1  # E-ASYNC-007 shared-state
