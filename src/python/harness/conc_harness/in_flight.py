"""What a coroutine costs beside others: runs several at once on the event loop of the profile.

Alone, a task that waits wakes an idle CPU again and again, which costs up to four times the CPU time that the
task takes on a busy loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from itertools import count
from typing import Any

from .job import Job
from .primitives import perf_counter_ns, process_time
from .requests import JsonObject
from .resource_usage import RunQueue
from .two_threads import PATIENCE_S, PATIENCE_TASKS, SLICE_S, Slice, TaskCost, threads_for


async def run(
    job: Job, coroutine: Callable[[Any], Awaitable[Any]], first: int, cost: TaskCost
) -> JsonObject | None:
    """Returns the cost of tasks in flight, from task number `first` on; None if they do not end."""
    flight = Slice(threads_for(cost))
    numbers, items = count(first), job.items
    loop_queue = RunQueue()

    async def work(seconds: float) -> None:
        end_ns = perf_counter_ns() + seconds * 1e9
        while True:
            flight.calls += 1
            try:
                await coroutine(items[next(numbers) % len(items)])
            except asyncio.CancelledError:
                raise
            except BaseException:
                flight.failed += 1
            if perf_counter_ns() >= end_ns:
                return

    async def together(seconds: float) -> bool:
        workers = [asyncio.ensure_future(work(seconds)) for _ in range(flight.threads)]
        patience_s = PATIENCE_S + PATIENCE_TASKS * max(cost.longest_s, SLICE_S)
        _, pending = await asyncio.wait(workers, timeout=patience_s)
        for worker in pending:
            worker.cancel()
        if pending:
            await asyncio.wait(pending, timeout=PATIENCE_S)
        return not pending

    # The first call of each may open a connection.
    if not await together(0.0):
        return None
    flight.calls = flight.failed = 0
    begun_ns, cpu_s, queued_s = perf_counter_ns(), process_time(), loop_queue.seconds() or 0.0
    ended = await together(SLICE_S)
    flight.wall_s = (perf_counter_ns() - begun_ns) * 1e-9
    flight.cpu_s = flight.thread_cpu_s = process_time() - cpu_s
    flight.queued_s = (loop_queue.seconds() or 0.0) - queued_s
    loop_queue.close()
    return asdict(flight) if ended else None
