"""A queue between a thread and a coroutine."""
# needs janus

import asyncio

import janus


def produce(queue, item):
    for part in range(3):
        queue.put(item + part)


async def fetch(item):
    queue = janus.Queue()
    loop = asyncio.get_running_loop()
    producer = loop.run_in_executor(None, produce, queue.sync_q, item)
    total = 0
    for _ in range(3):
        total += await queue.async_q.get()
        queue.async_q.task_done()
    await producer
    queue.close()
    await queue.wait_closed()
    return total
