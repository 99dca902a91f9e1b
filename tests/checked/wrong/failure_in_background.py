"""Starts tasks in the background; one of them fails, and nobody looks."""

import asyncio


async def report(item):
    await asyncio.sleep(0.001)
    return {}["missing"]  # E-ASYNC-003 exceptions


async def fetch(item):
    task = asyncio.get_running_loop().create_task(report(item))
    await asyncio.sleep(0.01)
    return task.done()
