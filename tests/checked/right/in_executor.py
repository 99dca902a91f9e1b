"""Computing goes to processes of the module, waiting to threads of the loop."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(2)


def derive(item):
    return hashlib.pbkdf2_hmac("sha256", b"password", b"%d" % item, 100_000).hex()


async def fetch(item):
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(POOL, derive, item)
