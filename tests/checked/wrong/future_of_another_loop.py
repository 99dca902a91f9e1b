"""Waits for a future that was made on an event loop which never runs."""

import asyncio

READY = asyncio.new_event_loop().create_future()


async def fetch(item):
    await READY  # E-ASYNC-001 event-loop
    return item
