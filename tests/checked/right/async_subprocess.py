"""Runs a program and waits for it."""

import asyncio
import sys


async def fetch(item):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print(%d)" % item, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return int(output)
