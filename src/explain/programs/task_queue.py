"""A job queue: workers, a bounded queue, retries, and an end that loses nothing.

Prints: 50 jobs: 48 done, 2 given up after 3 attempts, 0 lost
"""

import asyncio

WORKERS = 4
ATTEMPTS = 3


class TaskQueue:
    """Runs jobs on a few workers; `submit` waits while too many jobs wait."""

    def __init__(self, run, workers: int, size: int) -> None:
        self.run, self.jobs = run, asyncio.Queue(size)
        self.done, self.failed = [], []
        self.workers = [asyncio.create_task(self.work()) for _ in range(workers)]

    async def submit(self, job) -> None:
        await self.jobs.put(job)

    async def work(self) -> None:
        while True:
            job = await self.jobs.get()
            try:
                await self.attempt(job)
            finally:
                self.jobs.task_done()  # Whatever happens, or close() waits for ever.

    async def attempt(self, job) -> None:
        for attempt in range(ATTEMPTS):
            try:
                self.done.append(await self.run(job))
                return
            except Exception:  # noqa: BLE001
                await asyncio.sleep(0.001 * 2**attempt)
        self.failed.append(job)

    async def close(self) -> None:
        """Waits for the jobs that were submitted, then ends the workers."""
        await self.jobs.join()
        for worker in self.workers:
            worker.cancel()
        await asyncio.gather(*self.workers, return_exceptions=True)


async def send_mail(job: int) -> int:
    await asyncio.sleep(0.002)  # Stands for the work.
    if job % 25 == 24:
        raise ConnectionError("the mail server does not answer")
    return job


async def main() -> None:
    tasks = TaskQueue(send_mail, WORKERS, size=10)
    for job in range(50):
        await tasks.submit(job)
    await tasks.close()
    done, failed = len(tasks.done), len(tasks.failed)
    print(
        f"50 jobs: {done} done, {failed} given up after {ATTEMPTS} attempts, ", end=""
    )
    print(f"{50 - done - failed} lost")


if __name__ == "__main__":
    asyncio.run(main())
