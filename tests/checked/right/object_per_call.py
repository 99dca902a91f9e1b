"""An object that reads, waits and writes; every call has its own."""

import asyncio


class Session:
    def __init__(self):
        self.requests = 0

    async def get(self, item):
        requests = self.requests
        await asyncio.sleep(0.01)
        self.requests = requests + 1
        return item


async def fetch(item):
    session = Session()
    await session.get(item)
    return await session.get(item)
