"""Numbers its requests by a counter in a closure."""

import asyncio


def numbered():
    count = 0

    async def request(item):
        nonlocal count
        number = count + 1
        await asyncio.sleep(0.01)
        count = number  # E-ASYNC-007 shared-state
        return item

    return request


fetch = numbered()
