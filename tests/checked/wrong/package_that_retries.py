"""Awaits a function of a package that waits between its attempts with time.sleep."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "site-packages"))

from slowclient import with_retries


async def part(item):
    return item


async def fetch(item):
    answer = await with_retries(part, item)  # E-ASYNC-006 blocking
    return answer
