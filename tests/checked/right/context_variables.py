"""A variable that each task has for itself."""

import asyncio
import contextvars

REQUEST = contextvars.ContextVar("REQUEST", default=None)


async def deep():
    await asyncio.sleep(0.005)
    return REQUEST.get()


async def fetch(item):
    token = REQUEST.set(item)
    try:
        seen = await asyncio.gather(deep(), deep())
        assert seen == [item, item]
        return seen
    finally:
        REQUEST.reset(token)
