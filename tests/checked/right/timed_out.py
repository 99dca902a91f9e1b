"""A wait that is given up, as intended."""

import asyncio


async def slow():
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)


async def fetch(item):
    try:
        await asyncio.wait_for(slow(), timeout=0.01)
    except asyncio.TimeoutError:
        return "late"
