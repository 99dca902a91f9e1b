"""Starts a task from a thread."""

import asyncio
from concurrent.futures import ThreadPoolExecutor


async def save(item):
    await asyncio.sleep(0.001)
    return item


def handle(loop, item):
    return loop.create_task(save(item))  # E-ASYNC-008 event-loop


async def fetch(item):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool:
        task = await loop.run_in_executor(pool, handle, loop, item)
    return await task
