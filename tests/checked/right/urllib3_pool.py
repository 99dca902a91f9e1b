"""A pool of connections of the module, with retries."""
# needs urllib3

import urllib3
from loopback import URL

HTTP = urllib3.PoolManager(maxsize=4, retries=urllib3.Retry(2), timeout=60.0)


def fetch(item):
    response = HTTP.request("GET", "%s/items/%d" % (URL, item))
    return len(response.data)
