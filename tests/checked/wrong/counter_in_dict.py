"""Counts what was fetched, with a wait between reading the counter and writing it."""

import asyncio

STATS = {"fetched": 0}


async def fetch(item):
    fetched = STATS["fetched"]
    await asyncio.sleep(0.01)
    STATS["fetched"] = fetched + 1  # E-ASYNC-007 shared-state
    return item
