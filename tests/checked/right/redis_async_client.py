"""A client of the module for all coroutines of a loop."""
# needs redis

import redis.asyncio
from small_redis import PORT

CLIENT = redis.asyncio.Redis(host="127.0.0.1", port=PORT, protocol=2)


async def fetch(item):
    await CLIENT.set("key:%d" % item, item)
    return int(await CLIENT.get("key:%d" % item))
