"""One producer feeds several consumers through a bounded queue.

Prints: 100 items, never more than 10 waiting
"""

import asyncio

CONSUMERS = 4


async def produce(queue: asyncio.Queue) -> None:
    for number in range(100):
        await queue.put(number)  # Waits while the queue is full: backpressure.
    for _ in range(CONSUMERS):
        await queue.put(None)  # One end mark for each consumer.


async def consume(queue: asyncio.Queue, results: list, depths: list) -> None:
    while (number := await queue.get()) is not None:
        depths.append(queue.qsize())
        await asyncio.sleep(0.001)  # Stands for a request.
        results.append(number)


async def main() -> None:
    queue = asyncio.Queue(maxsize=10)
    results, depths = [], []
    consumers = [consume(queue, results, depths) for _ in range(CONSUMERS)]
    await asyncio.gather(produce(queue), *consumers)
    assert max(depths) <= 10
    print(f"{len(results)} items, never more than 10 waiting")


if __name__ == "__main__":
    asyncio.run(main())
