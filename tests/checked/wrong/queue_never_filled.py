"""Waits for an item that nothing puts into the queue."""

import asyncio


async def fetch(item):
    queue = asyncio.Queue()
    if item < 0:
        queue.put_nowait(item)
    return await queue.get()  # E-ASYNC-004 completed
