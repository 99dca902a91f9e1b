"""A coroutine with nothing wrong: what it starts it awaits, and what it opens it closes."""

import asyncio
import os


async def part(item):
    await asyncio.sleep(0.01)
    return item


async def fetch(item):
    with open(os.devnull) as file:
        parts = await asyncio.gather(part(item), part(file.read()))
    return parts[0]
