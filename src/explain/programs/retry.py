"""Repeats requests that fail for a reason that may pass, with growing random pauses.

Prints: answered after 4 attempts; gave up on a wrong address after 1
"""

import asyncio
import random

ATTEMPTS = 5
BASE_S = 0.002
LONGEST_S = 1.0


async def retry(request):
    """Returns the answer; only errors that may pass are worth another attempt."""
    for attempt in range(ATTEMPTS):
        try:
            return await request()
        except (ConnectionError, asyncio.TimeoutError):
            if attempt + 1 == ATTEMPTS:
                raise
        # Full jitter: clients that failed together do not come back together.
        await asyncio.sleep(random.uniform(0, min(LONGEST_S, BASE_S * 2**attempt)))


class Server:
    """A server that breaks the first three connections."""

    requests = 0

    async def answer(self):
        self.requests += 1
        if self.requests <= 3:
            raise ConnectionResetError
        return "ok"

    async def refuse(self):
        self.requests += 1
        raise LookupError("no such page")


async def main():
    flaky, wrong = Server(), Server()
    await retry(flaky.answer)
    try:
        await retry(wrong.refuse)
    except LookupError:
        pass
    print(f"answered after {flaky.requests} attempts; ", end="")
    print(f"gave up on a wrong address after {wrong.requests}")


if __name__ == "__main__":
    asyncio.run(main())
