"""Several requests of a call at once, on threads of the module."""
# needs requests

from concurrent.futures import ThreadPoolExecutor

import requests
from loopback import URL

POOL = ThreadPoolExecutor(4)
SESSION = requests.Session()


def get(path):
    return SESSION.get(URL + path, timeout=60).json()["path"]


def fetch(item):
    return list(POOL.map(get, ["/%d/%d" % (item, part) for part in range(3)]))
