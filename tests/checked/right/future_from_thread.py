"""A thread answers a coroutine the way the loop allows."""

import asyncio
import threading
import time


async def fetch(item):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()

    def work():
        time.sleep(0.005)
        loop.call_soon_threadsafe(answer.set_result, item * 2)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        return await answer
    finally:
        await loop.run_in_executor(None, thread.join)
