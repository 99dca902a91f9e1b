"""Forgets the await before a sleep."""

import asyncio


async def fetch(item):
    asyncio.sleep(0.1)  # E-ASYNC-002 awaited
    return item
