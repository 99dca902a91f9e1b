"""Shows what an event loop does: one thread, many tasks, switched where they await.

Prints: a starts, b starts, b ends, a ends, blocking call done, 9 ticks or more
"""

import asyncio
import time


async def step(name: str, seconds: float, log: list) -> None:
    log.append(f"{name} starts")
    await asyncio.sleep(seconds)  # Here the loop runs other tasks.
    log.append(f"{name} ends")


async def tick(count: list) -> None:
    while True:
        count.append(1)
        await asyncio.sleep(0.01)


async def main() -> None:
    log, ticks = [], []
    # A coroutine runs only when it is awaited or made a task.
    await asyncio.gather(step("a", 0.05, log), step("b", 0.01, log))

    ticker = asyncio.create_task(tick(ticks))
    # time.sleep() in a coroutine would stop every task; in a thread it stops none.
    await asyncio.to_thread(time.sleep, 0.1)
    log.append("blocking call done")
    while len(ticks) < 9:  # On a busy machine ticks come late.
        await asyncio.sleep(0.01)
    ticker.cancel()
    print(", ".join([*log, "9 ticks or more"]))


if __name__ == "__main__":
    asyncio.run(main())
