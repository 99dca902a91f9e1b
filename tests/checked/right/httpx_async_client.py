"""A client of the module for all coroutines of a loop."""
# needs httpx

import httpx
from loopback import URL

CLIENT = httpx.AsyncClient(base_url=URL, timeout=60.0)


async def fetch(item):
    response = await CLIENT.get("/items/%d" % item)
    return response.json()["path"]
