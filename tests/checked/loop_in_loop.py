"""Starts an event loop inside another one."""

import asyncio


async def part():
    return 1


async def fetch(item):
    coroutine = part()
    try:
        return asyncio.run(coroutine)  # E-ASYNC-001 event-loop
    finally:
        coroutine.close()
