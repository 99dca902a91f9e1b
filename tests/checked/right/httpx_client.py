"""A client of the module."""
# needs httpx

import httpx
from loopback import URL

CLIENT = httpx.Client(base_url=URL, timeout=60.0)


def fetch(item):
    return CLIENT.get("/items/%d" % item).json()["path"]
