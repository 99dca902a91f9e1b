"""A client of the module for all coroutines of a loop."""
# needs redis
# since 3.10: before, the lock in the client belongs to the loop of the thread that makes it

import redis.asyncio
from small_redis import PORT

CLIENT = redis.asyncio.Redis(host="127.0.0.1", port=PORT, protocol=2)


async def fetch(item):
    await CLIENT.set("key:%d" % item, item)
    return int(await CLIENT.get("key:%d" % item))
