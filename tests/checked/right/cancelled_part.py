"""The slower of two is cancelled and awaited."""

import asyncio
import contextlib


async def reply(delay):
    await asyncio.sleep(delay)
    return delay


async def fetch(item):
    tasks = [asyncio.create_task(reply(delay)) for delay in (0.002, 60.0)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return done.pop().result()
