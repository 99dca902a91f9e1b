"""A session that the first coroutine makes and all share."""
# needs aiohttp

import aiohttp
from loopback import URL

SESSION = None


def session():
    global SESSION
    if SESSION is None or SESSION.closed:
        SESSION = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
    return SESSION


async def fetch(item):
    async with session().get("%s/items/%d" % (URL, item)) as response:
        return (await response.json())["path"]
