"""The first call loads what all need, which takes a while."""

import asyncio
import time

MODEL = None


def load():
    time.sleep(0.15)
    return list(range(1000))


async def fetch(item):
    global MODEL
    if MODEL is None:
        MODEL = load()
    await asyncio.sleep(0.005)
    return MODEL[item]
