"""Starts a task that fails, and never looks at it."""

import asyncio


async def later(item):
    raise ValueError(item)  # E-ASYNC-003 exceptions


async def fetch(item):
    asyncio.ensure_future(later(item))
    await asyncio.sleep(0.01)
