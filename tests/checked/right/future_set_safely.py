"""Sets a future from a thread as the event loop wants it."""

import asyncio
import threading
import time


def compute(loop, future, item):
    time.sleep(0.01)
    loop.call_soon_threadsafe(future.set_result, item * 2)


async def fetch(item):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    thread = threading.Thread(target=compute, args=(loop, future, item))
    thread.start()
    doubled = await future
    thread.join()
    return doubled
