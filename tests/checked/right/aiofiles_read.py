"""Reads and writes files without blocking the loop."""
# needs aiofiles

import os
import tempfile

import aiofiles


async def fetch(item):
    descriptor, path = tempfile.mkstemp()
    os.close(descriptor)
    try:
        async with aiofiles.open(path, "w") as file:
            await file.write("%d\n" % item)
        async with aiofiles.open(path) as file:
            return [line async for line in file]
    finally:
        os.unlink(path)
