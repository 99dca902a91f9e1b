"""Tells a coroutine by an event of asyncio that a thread is done."""

import asyncio
import time


async def fetch(item):
    done = asyncio.Event()

    def work():
        time.sleep(0.02)
        done.set()  # E-ASYNC-008 event-loop

    working = asyncio.get_running_loop().run_in_executor(None, work)
    await done.wait()
    await working
    return item
