"""Runs blocking calls side by side in threads, from plain and from async code.

Prints: 24 answers from plain code, 24 from async code
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

items = range(24)


def fetch(item):
    """A blocking call: requests.get, a database driver, a file."""
    time.sleep(0.01)
    return item


async def fetch_all():
    loop = asyncio.get_running_loop()
    # The loop's own pool has few threads; a pool of its own is as wide as it should be.
    with ThreadPoolExecutor(8) as pool:
        calls = [loop.run_in_executor(pool, fetch, item) for item in items]
        return await asyncio.gather(*calls)


def main():
    with ThreadPoolExecutor(8) as pool:
        plain = list(pool.map(fetch, items))  # In order; raises the first failure.
    assert plain == list(items)
    answers = asyncio.run(fetch_all())
    print(f"{len(plain)} answers from plain code, {len(answers)} from async code")


if __name__ == "__main__":
    main()
