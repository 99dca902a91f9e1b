"""Reads and writes JSON between waits."""
# needs orjson

import asyncio

import orjson

LINE = orjson.dumps({"values": list(range(500))})


async def fetch(item):
    total = 0
    for _ in range(5):
        await asyncio.sleep(0.002)
        total += sum(orjson.loads(LINE)["values"])
    return total + item
