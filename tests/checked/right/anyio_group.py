"""A group of tasks, a stream between them, and a thread."""
# needs anyio

import time

import anyio
import anyio.to_thread


async def produce(stream, item):
    async with stream:
        for part in range(3):
            await stream.send(item + part)


async def fetch(item):
    send, receive = anyio.create_memory_object_stream(2)
    total = 0
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(produce, send, item)
            async with receive:
                async for number in receive:
                    total += number
        await anyio.to_thread.run_sync(time.sleep, 0.002)
    return total
