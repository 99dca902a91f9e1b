"""Waits in the same line, but before it reads."""

import asyncio

STATS = {"bytes": 0}


async def fetch(item):
    STATS["bytes"] = await asyncio.sleep(0.01, 10) + STATS["bytes"]
    return item
