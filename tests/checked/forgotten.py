"""Starts a task and forgets it."""

import asyncio


async def later():
    await asyncio.sleep(3600)


async def fetch(item):
    asyncio.ensure_future(later())  # E-ASYNC-003 completed
    await asyncio.sleep(0.001)
