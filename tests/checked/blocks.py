"""Sleeps without letting the event loop go on."""

import asyncio
import time


async def fetch(item):
    await asyncio.sleep(0.001)
    time.sleep(0.1)  # E-ASYNC-006 blocking
