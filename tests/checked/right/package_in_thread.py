"""Calls a blocking function in a thread, and awaits that."""

import asyncio
import time


async def fetch(item):
    await asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.06)
    return item
