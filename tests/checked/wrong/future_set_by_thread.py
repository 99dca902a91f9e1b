"""Sets a future from a thread."""

import asyncio
import threading
import time


def compute(future, item):
    time.sleep(0.02)
    future.set_result(item * 2)  # E-ASYNC-008 event-loop


async def fetch(item):
    future = asyncio.get_running_loop().create_future()
    threading.Thread(target=compute, args=(future, item)).start()
    return await future
