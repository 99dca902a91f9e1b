"""Several things are opened together and closed in reverse."""

import asyncio
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager


@asynccontextmanager
async def session(name):
    await asyncio.sleep(0.001)
    yield name
    await asyncio.sleep(0.001)


async def fetch(item):
    async with AsyncExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        names = [await stack.enter_async_context(session(n)) for n in range(2)]
        for file in files:
            file.write(b"%d" % item)
    return names
