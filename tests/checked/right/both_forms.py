"""A function, and a coroutine that does the same."""

import asyncio
import time


def fetch(item):
    time.sleep(0.005)
    return item


async def fetch_async(item):
    await asyncio.sleep(0.005)
    return item
