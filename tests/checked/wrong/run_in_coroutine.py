"""A helper that starts an event loop, called by a coroutine."""

import asyncio


async def load(item):
    return item


def load_now(item):
    loop = asyncio.new_event_loop()
    coroutine = load(item)
    try:
        return loop.run_until_complete(coroutine)  # E-ASYNC-001 event-loop
    finally:
        coroutine.close()
        loop.close()


async def fetch(item):
    return load_now(item)
