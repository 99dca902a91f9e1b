"""Awaits a client of a package that sleeps without letting the event loop go on."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "site-packages"))

import slowclient


async def fetch(item):
    client = slowclient.Client()
    return await client.get(item)  # E-ASYNC-006 blocking
