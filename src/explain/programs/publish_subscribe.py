"""Sends every event to all subscribers; a slow one loses old events, not the pace.

Prints: fast received 20, slow received the last 5
"""

import asyncio

END = object()


class Topic:
    """A topic that events are published on."""

    def __init__(self) -> None:
        self.subscribers = set()

    def subscribe(self, maxsize: int) -> asyncio.Queue:
        queue = asyncio.Queue(maxsize)
        self.subscribers.add(queue)
        return queue

    def publish(self, event: object) -> None:
        for queue in self.subscribers:
            if queue.full():
                queue.get_nowait()  # Drops the oldest; nobody waits for the slow one.
            queue.put_nowait(event)


async def read(queue: asyncio.Queue, start: asyncio.Event) -> list:
    await start.wait()
    events = []
    while (event := await queue.get()) is not END:
        events.append(event)
    return events


async def main() -> None:
    topic, now, later = Topic(), asyncio.Event(), asyncio.Event()
    fast = asyncio.create_task(read(topic.subscribe(100), now))
    slow = asyncio.create_task(read(topic.subscribe(6), later))
    now.set()
    for number in range(20):
        topic.publish(number)
        await asyncio.sleep(0)
    topic.publish(END)
    later.set()
    received = len(await fast)
    kept = await slow
    assert kept == [15, 16, 17, 18, 19]
    print(f"fast received {received}, slow received the last {len(kept)}")


if __name__ == "__main__":
    asyncio.run(main())
