"""Sets a future from a thread that is often done before the future is awaited."""

import asyncio
import threading


async def fetch(item):
    future = asyncio.get_running_loop().create_future()

    def answer():
        future.set_result(item)  # E-ASYNC-008 event-loop

    thread = threading.Thread(target=answer)
    thread.start()
    thread.join()
    return await future
