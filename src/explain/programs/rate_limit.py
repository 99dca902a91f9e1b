"""Starts at most RATE requests per second, however many tasks there are.

Prints: 30 requests, none too early
"""

import asyncio
import time

RATE = 200  # Requests per second.


class Pace:
    """Gives every request a start of its own, 1 / rate apart."""

    def __init__(self, rate: float) -> None:
        self.interval = 1 / rate
        self.next_start = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        start = max(self.next_start, now)
        self.next_start = start + self.interval  # No await in between: no lock needed.
        while (left := start - time.monotonic()) > 0:
            await asyncio.sleep(left)


async def fetch(pace: Pace, starts: list) -> None:
    await pace.wait()
    starts.append(time.monotonic())
    await asyncio.sleep(0.01)  # Stands for a request.


async def main() -> None:
    begin = time.monotonic()
    pace, starts = Pace(RATE), []
    await asyncio.gather(*(fetch(pace, starts) for _ in range(30)))
    starts.sort()
    early = [n for n, start in enumerate(starts) if start < begin + n / RATE]
    print(f"{len(starts)} requests, {len(early) or 'none'} too early")


if __name__ == "__main__":
    asyncio.run(main())
