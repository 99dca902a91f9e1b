"""Schedules a callback from a thread."""

import asyncio
import threading


def listen(loop, done):
    loop.call_soon(done.set)  # E-ASYNC-008 event-loop


async def fetch(item):
    done = asyncio.Event()
    thread = threading.Thread(target=listen, args=(asyncio.get_running_loop(), done))
    thread.start()
    await done.wait()
    thread.join()
    return item
