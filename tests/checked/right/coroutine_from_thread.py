"""Starts coroutines from a thread by run_coroutine_threadsafe."""

import asyncio


async def save(item):
    await asyncio.sleep(0.001)
    return item


async def fetch(item):
    loop = asyncio.get_running_loop()

    def handle():
        return asyncio.run_coroutine_threadsafe(save(item), loop).result()

    return await loop.run_in_executor(None, handle)
