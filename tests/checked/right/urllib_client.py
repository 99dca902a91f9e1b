"""Requests of the standard library, each closed."""

import json
import urllib.request

from loopback import URL


def fetch(item):
    with urllib.request.urlopen("%s/items/%d" % (URL, item), timeout=60) as response:
        return json.load(response)["path"]
