"""A session for each call, in a context."""
# needs aiohttp

import asyncio

import aiohttp
from loopback import URL


async def get(session, path):
    async with session.get(URL + path) as response:
        response.raise_for_status()
        return len(await response.read())


async def fetch(item):
    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(get(session, "/%d/%d" % (item, part)) for part in range(3)))
