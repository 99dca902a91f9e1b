"""Calls a coroutine function for every part, and awaits none of them."""

import asyncio


async def save(part):
    await asyncio.sleep(0)


async def fetch(item):
    return len(list(map(save, range(2))))  # E-ASYNC-002 awaited
