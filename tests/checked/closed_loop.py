"""Uses an event loop that was closed."""

import asyncio

LOOP = asyncio.new_event_loop()
LOOP.close()


def fetch(item):
    future = LOOP.create_future()
    return LOOP.run_until_complete(future)  # E-ASYNC-001 event-loop
