"""A watchdog thread that cancels a task."""

import asyncio
import threading


async def slow():
    await asyncio.sleep(0.5)


async def fetch(item):
    task = asyncio.ensure_future(slow())
    timer = threading.Timer(0.05, lambda: task.cancel())  # E-ASYNC-008 event-loop
    timer.start()
    try:
        await task
    except asyncio.CancelledError:
        pass
    timer.join()
