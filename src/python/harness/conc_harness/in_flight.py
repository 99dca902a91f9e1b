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

from . import ceiling
from .job import Job
from .primitives import perf_counter_ns, process_time
from .requests import JsonObject
from .resource_usage import RunQueue
from .two_threads import PATIENCE_S, PATIENCE_TASKS, SLICE_S, Slice, TaskCost, threads_for

Coroutine = Callable[[Any], Awaitable[Any]]


async def run(job: Job, coroutine: Coroutine, first: int, cost: TaskCost) -> JsonObject:
    """Returns the cost of tasks in flight, from task number `first` on, and their ceiling.

    Nothing if they do not end.
    """
    flights = _Flights(job, coroutine, first, cost)
    width = threads_for(cost)
    # The first call of each may open a connection.
    flight = await flights.look(width, SLICE_S) if await flights.look(width, 0.0) else None
    if flight is None:
        return {}
    return {"in_flight": asdict(flight), "most_per_s": await flights.most_per_s(flight)}


class _Flights:
    """Runs tasks in flight, again and again."""

    def __init__(self, job: Job, coroutine: Coroutine, first: int, cost: TaskCost) -> None:
        self._items = job.items
        self._coroutine = coroutine
        self._numbers = count(first)
        self._cost = cost

    async def look(self, width: int, seconds: float) -> Slice | None:
        """Runs so many at once, one each at least; None if they do not end."""
        flight, queue = Slice(width), RunQueue()
        ends_ns: list[list[int]] = [[] for _ in range(width)]
        begun_ns, cpu_s, queued_s = perf_counter_ns(), process_time(), queue.seconds() or 0.0
        workers = [asyncio.ensure_future(self._work(seconds, flight, ends)) for ends in ends_ns]
        patience_s = PATIENCE_S + PATIENCE_TASKS * max(self._cost.longest_s, SLICE_S)
        _, pending = await asyncio.wait(workers, timeout=patience_s)
        for worker in pending:
            worker.cancel()
        if pending:
            await asyncio.wait(pending, timeout=PATIENCE_S)
        flight.wall_s = (perf_counter_ns() - begun_ns) * 1e-9
        flight.cpu_s = flight.thread_cpu_s = process_time() - cpu_s
        flight.queued_s = (queue.seconds() or 0.0) - queued_s
        flight.steady_per_s = ceiling.steady_per_s(begun_ns, ends_ns)
        queue.close()
        return None if pending else flight

    async def most_per_s(self, flight: Slice) -> float | None:
        """Returns the ceiling that the tasks meet together; None if none was seen."""
        task_s = self._cost.wall_s
        if not ceiling.is_suspected(flight, task_s):
            return None
        wide = await self.look(flight.threads, ceiling.TASKS_IN_A_ROW * task_s)
        slim = await self.look(ceiling.narrow(flight.threads), ceiling.TASKS_IN_A_ROW * task_s)
        return ceiling.per_s(wide, slim, task_s) if wide and slim else None

    async def _work(self, seconds: float, flight: Slice, ends_ns: list[int]) -> None:
        end_ns = perf_counter_ns() + seconds * 1e9
        while not ends_ns or ends_ns[-1] < end_ns:
            flight.calls += 1
            try:
                await self._coroutine(self._items[next(self._numbers) % len(self._items)])
            except asyncio.CancelledError:
                raise
            except BaseException:
                flight.failed += 1
            ends_ns.append(perf_counter_ns())
