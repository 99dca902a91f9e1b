"""Blocks its event loop: a coroutine that calls what waits without awaiting it."""

import time

items = range(80)


async def task(item: int) -> int:
    """Takes 15 ms."""
    time.sleep(0.015)
    return item
