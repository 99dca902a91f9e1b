"""Calls a coroutine function as if it were a function."""

import asyncio


async def log(item):
    await asyncio.sleep(0)


async def fetch(item):
    await asyncio.sleep(0.001)
    log(item)  # E-ASYNC-002 awaited
    return item
