"""Two locks of asyncio, taken in two orders."""

import asyncio

LOCKS = {}


async def fetch(item):
    # Made on the loop that is running: before Python 3.10 a lock belonged to one.
    loop = asyncio.get_running_loop()
    one, other = LOCKS.setdefault(loop, (asyncio.Lock(), asyncio.Lock()))
    if item % 2:
        one, other = other, one
    async with one:  # E-ASYNC-004 completed
        await asyncio.sleep(0.05)
        async with other:  # E-ASYNC-004 completed
            return item
