"""Reads, waits and writes, but every item has a place of its own."""

import asyncio

ATTEMPTS = {}


async def fetch(item):
    attempts = ATTEMPTS.get(item, 0)
    await asyncio.sleep(0.01)
    ATTEMPTS[item] = attempts + 1
    return item
