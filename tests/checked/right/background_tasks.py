"""Small tasks go on after the call; the module holds them until they have ended."""

import asyncio

RUNNING = set()
SENT = []


async def send(item):
    await asyncio.sleep(0.02)
    SENT.append(item)


async def fetch(item):
    task = asyncio.create_task(send(item))
    RUNNING.add(task)
    task.add_done_callback(RUNNING.discard)
    return item
