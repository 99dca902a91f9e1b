"""Asks for the running event loop where there is none."""

import asyncio


def fetch(item):
    return asyncio.get_running_loop().time()  # E-ASYNC-001 event-loop
