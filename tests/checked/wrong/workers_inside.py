"""Runs workers of its own, which add to one sum."""

import asyncio


class Job:
    def __init__(self):
        self.done = 0

    async def work(self, part):
        self.done = self.done + await asyncio.sleep(0.01, part)  # E-ASYNC-007 shared-state


async def fetch(item):
    job = Job()
    await asyncio.gather(*(job.work(part) for part in range(3)))
    return item
