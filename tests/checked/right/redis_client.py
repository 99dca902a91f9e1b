"""A client of the module with a pool of connections."""
# needs redis

import redis
from small_redis import PORT

CLIENT = redis.Redis(host="127.0.0.1", port=PORT, protocol=2)


def fetch(item):
    CLIENT.set("key:%d" % item, item)
    return int(CLIENT.get("key:%d" % item))
