"""A task that goes on when it is cancelled."""

import asyncio


async def later():
    while True:
        try:
            await asyncio.sleep(3600)  # E-ASYNC-003 completed
        except asyncio.CancelledError:
            pass


async def fetch(item):
    asyncio.ensure_future(later())  # E-ASYNC-003 completed
    await asyncio.sleep(0.001)
