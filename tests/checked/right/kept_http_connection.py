"""A connection that each thread keeps."""

import http.client
import json
import threading

from loopback import PORT

LOCAL = threading.local()


def connection():
    if not hasattr(LOCAL, "connection"):
        LOCAL.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    return LOCAL.connection


def fetch(item):
    connection().request("GET", "/items/%d" % item)
    response = connection().getresponse()
    return json.loads(response.read())["path"]
