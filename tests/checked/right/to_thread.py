"""Blocking work goes to a thread."""

import asyncio
import time


def read(item):
    time.sleep(0.08)
    with open(__file__) as file:
        return item, len(file.read())


async def fetch(item):
    return await asyncio.to_thread(read, item)
