"""A function for programs without asyncio: an event loop runs in a thread of the module."""

import asyncio
import threading

START = threading.Lock()
LOOP = None


def loop():
    global LOOP
    with START:
        if LOOP is None:
            LOOP = asyncio.new_event_loop()
            threading.Thread(target=LOOP.run_forever, name="loop", daemon=True).start()
    return LOOP


async def work(item):
    await asyncio.sleep(0.005)
    return item * 2


def fetch(item):
    return asyncio.run_coroutine_threadsafe(work(item), loop()).result(timeout=60)
