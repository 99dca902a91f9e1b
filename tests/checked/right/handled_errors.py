"""Errors are expected and handled, those of threads and tasks too."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(2)


def divide(by):
    return 12 // by


async def fails():
    raise LookupError("expected")


async def fetch(item):
    results = await asyncio.gather(fails(), fails(), return_exceptions=True)
    assert all(isinstance(result, LookupError) for result in results)
    try:
        return await asyncio.get_running_loop().run_in_executor(POOL, divide, item % 2)
    except ZeroDivisionError:
        return None
