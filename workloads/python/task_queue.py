"""A task queue: a pool of workers behind a bounded queue, with a graceful shutdown.

The queue holds few jobs, so a producer that is too fast waits (backpressure) and memory stays
bounded. On Ctrl-C or SIGTERM, the queue accepts no more jobs, finishes those it has, and gives up
those that are not done within a grace period.

    python3 task_queue.py
    conc advise task_queue.py:work
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import Callable

from support import http1, retry, server

JOBS = 100
WORKERS = 8
CAPACITY = 16
GRACE_S = 2.0
TIMEOUT_S = 2
ROUNDS = 10_000
"""Rounds of key derivation: some milliseconds of computing that releases the GIL."""


def items() -> Iterable[int]:
    """Returns the jobs; every process fetches them from the same server."""
    server.address()
    return range(JOBS)


def work(job: int) -> str:
    """Fetches one job and runs it."""
    return _compute(retry.call(lambda attempt: _fetch(job, attempt)))


async def work_async(job: int) -> str:
    """Fetches one job and runs it, computing on a thread so that the event loop is not blocked."""
    data = await retry.call_async(lambda attempt: asyncio.wait_for(_fetch_async(job, attempt), TIMEOUT_S))
    return await asyncio.to_thread(_compute, data)


def _fetch(job: int, attempt: int) -> bytes:
    connection = http.client.HTTPConnection(*server.address(), timeout=TIMEOUT_S)
    with contextlib.closing(connection):
        connection.request("GET", f"/jobs/{job}", headers={server.ATTEMPT: str(attempt)})
        answer = connection.getresponse()
        return retry.checked(answer.status, answer.read())


async def _fetch_async(job: int, attempt: int) -> bytes:
    async with await http1.Connection.open(*server.address()) as connection:
        return retry.checked(*await connection.get(f"/jobs/{job}", {server.ATTEMPT: attempt}))


def _compute(data: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", data, b"salt", ROUNDS).hex()


class TaskQueue:
    """Workers behind a bounded queue. Leaving it by ``async with`` finishes what was accepted."""

    def __init__(self, handle: Callable[[int], Awaitable[str]], grace_s: float = GRACE_S) -> None:
        self._handle = handle
        self._grace_s = grace_s
        self._jobs: asyncio.Queue[int] = asyncio.Queue(CAPACITY)
        self._workers: list[asyncio.Task[None]] = []
        self.outcomes: Counter[str] = Counter()
        """Returns the number of jobs that were done, failed and given up."""

    async def put(self, job: int) -> None:
        """Accepts a job as soon as there is room for it."""
        await self._jobs.put(job)

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            outcome = "given up"
            try:
                await self._handle(job)
                outcome = "done"
            except Exception as error:
                outcome = "failed"
                print(f"job {job}: {error!r}", file=sys.stderr)
            finally:
                self.outcomes[outcome] += 1
                self._jobs.task_done()

    async def __aenter__(self) -> TaskQueue:
        self._workers = [asyncio.create_task(self._work()) for _ in range(WORKERS)]
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Waits for the accepted jobs, at most for the grace period."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._jobs.join(), self._grace_s)
        self.outcomes["given up"] += self._jobs.qsize()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)


async def run(jobs: Iterable[int]) -> Counter[str]:
    """Runs jobs until there are no more or the program is asked to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with TaskQueue(work_async) as queue:
        for job in jobs:
            if stop.is_set():
                break
            await queue.put(job)
    return queue.outcomes


def main() -> None:
    """Runs all jobs and prints the outcomes."""
    jobs = items()
    start = time.perf_counter()
    outcomes = asyncio.run(run(jobs))
    seconds = time.perf_counter() - start
    counts = ", ".join(f"{outcomes[name]} {name}" for name in ("done", "failed", "given up"))
    print(f"{counts} of {JOBS} jobs in {seconds:.2f} s")


if __name__ == "__main__":
    main()
