"""A lock, an event and a condition of the module, shared by the tasks of one loop."""
# since 3.10: before, a lock belongs to the loop of the thread that makes it

import asyncio

LOCK = asyncio.Lock()
CHANGED = asyncio.Condition()
TOTALS = {"seen": 0}


async def fetch(item):
    async with LOCK:
        before = TOTALS["seen"]
        await asyncio.sleep(0.002)
        TOTALS["seen"] = before + 1
    async with CHANGED:
        CHANGED.notify_all()
    return item
