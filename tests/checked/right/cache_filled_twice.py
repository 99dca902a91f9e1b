"""A cache that two tasks may fill at the same time, with the same value."""

import asyncio

CACHE = {}


async def fetch(item):
    value = CACHE.get("settings")
    if value is None:
        value = await asyncio.sleep(0.01, {"timeout": 5})
        CACHE["settings"] = value
    return value["timeout"]
