"""Fills a queue of asyncio from a thread."""

import asyncio
import threading
import time


def read_sensor(queue):
    for value in range(3):
        time.sleep(0.01)
        queue.put_nowait(value)  # E-ASYNC-008 event-loop


async def fetch(item):
    queue = asyncio.Queue()
    thread = threading.Thread(target=read_sensor, args=(queue,))
    thread.start()
    values = [await queue.get() for _ in range(3)]
    thread.join()
    return values
