"""A function that runs its coroutines on a faster loop."""
# needs uvloop

import asyncio

import uvloop


async def part(number):
    await asyncio.sleep(0.002)
    return number


async def gather(item):
    return sum(await asyncio.gather(*(part(item + n) for n in range(3))))


def fetch(item):
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(gather(item))
    finally:
        loop.close()
