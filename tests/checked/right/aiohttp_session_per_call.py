"""A session for each call, which is slower than one for all, and right."""
# needs aiohttp

import aiohttp
from loopback import URL


async def fetch(item):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        async with session.get("%s/items/%d" % (URL, item)) as response:
            return (await response.json())["path"]
