"""Stops at SIGTERM or Ctrl-C: takes no new job and finishes those that run.

Prints: stopped early; all 1000 jobs are either done or left
"""

import asyncio
import os
import signal


async def worker(jobs: asyncio.Queue, stop: asyncio.Event, done: list) -> None:
    while not stop.is_set() and not jobs.empty():
        job = jobs.get_nowait()
        await asyncio.sleep(0.002)  # Stands for a job; it is finished, not cancelled.
        done.append(job)


async def main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    jobs, done = asyncio.Queue(), []
    for job in range(1000):
        jobs.put_nowait(job)
    workers = [asyncio.create_task(worker(jobs, stop, done)) for _ in range(8)]

    await asyncio.sleep(0.02)
    os.kill(os.getpid(), signal.SIGTERM)  # As a service manager would.

    await stop.wait()
    # A job that hangs must not keep the program alive: a limit, then cancel.
    _, late = await asyncio.wait(workers, timeout=10)
    for task in late:
        task.cancel()
    left = jobs.qsize()  # Store these, or put them back where they came from.
    assert left > 0 and not late
    print(f"stopped early; all {len(done) + left} jobs are either done or left")


if __name__ == "__main__":
    asyncio.run(main())
