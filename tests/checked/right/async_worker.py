"""A task that starts with the first call and works off a queue for all of them."""

import asyncio

QUEUE = None
WORKER = None


async def work():
    while True:
        item, done = await QUEUE.get()
        await asyncio.sleep(0.001)
        if not done.done():
            done.set_result(item + 1)
        QUEUE.task_done()


async def fetch(item):
    global QUEUE, WORKER
    if WORKER is None:
        QUEUE = asyncio.Queue(maxsize=100)
        WORKER = asyncio.create_task(work())
    done = asyncio.get_running_loop().create_future()
    await QUEUE.put((item, done))
    return await asyncio.wait_for(done, timeout=60)
