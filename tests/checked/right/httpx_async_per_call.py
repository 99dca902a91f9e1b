"""A client for each call, in a context."""
# needs httpx

import httpx
from loopback import URL


async def fetch(item):
    async with httpx.AsyncClient(timeout=60.0, verify=False) as client:
        first = await client.get("%s/items/%d" % (URL, item))
        async with client.stream("GET", URL + "/stream") as second:
            return first.json()["path"], len(await second.aread())
