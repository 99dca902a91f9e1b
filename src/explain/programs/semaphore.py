"""Bounds the number of requests in flight.

Prints: 60 answers, at most 10 requests at a time
"""

import asyncio

LIMIT = 10
items = range(60)


class Gauge:
    """The number of requests in flight, and the highest it has been."""

    now = highest = 0

    def __enter__(self) -> None:
        self.now += 1
        self.highest = max(self.highest, self.now)

    def __exit__(self, *_: object) -> None:
        self.now -= 1


async def fetch(item: int, limit: asyncio.Semaphore, gauge: Gauge) -> int:
    async with limit:  # Created once and shared by all tasks.
        with gauge:
            await asyncio.sleep(0.005)  # Stands for a request.
            return item


async def main() -> None:
    limit, gauge = asyncio.Semaphore(LIMIT), Gauge()
    answers = await asyncio.gather(*(fetch(item, limit, gauge) for item in items))
    print(f"{len(answers)} answers, at most {gauge.highest} requests at a time")


if __name__ == "__main__":
    asyncio.run(main())
