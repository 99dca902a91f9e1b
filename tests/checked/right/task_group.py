"""A group of tasks with a limit on their time."""
# since 3.11: TaskGroup and timeout

import asyncio


async def part(number):
    await asyncio.sleep(0.002)
    return number


async def fetch(item):
    async with asyncio.timeout(60):
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(part(item + offset)) for offset in range(3)]
    return sum(task.result() for task in parts)
