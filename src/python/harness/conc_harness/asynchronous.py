"""Tasks on one event loop: long-lived worker coroutines that take the next task from a queue.

For an empty coroutine, a worker costs 0.2 µs per task; wrapping each coroutine in an asyncio task costs 5 to
6 µs. The number of workers also bounds the number of tasks in flight.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .job import Job
from .primitives import perf_counter_ns
from .program import ItemCoroutine
from .results import SCALARS
from .results_file import SLOT_WORDS
from .timer import after


def run(job: Job) -> None:
    """Runs the tasks on an event loop, `width` in flight."""
    requested = perf_counter_ns()
    loop = new_loop(job)
    asyncio.set_event_loop(loop)
    uses_threads = any(step.coroutine is None for step in job.program.steps)
    if uses_threads:
        # The default pool of a loop is smaller than most widths.
        loop.set_default_executor(ThreadPoolExecutor(job.width))
    queue = deque(range(job.count))
    call = job.program.coroutine()
    job.started(requested)
    after(job.time_limit_s, queue.clear)
    lanes = min(job.width, job.count)
    loop.run_until_complete(run_lanes(lambda lane: work(job, call, queue, lane), lanes))
    job.ended()
    if uses_threads:
        loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def new_loop(job: Job) -> asyncio.AbstractEventLoop:
    """Returns a new event loop of the kind that the strategy names."""
    if job.strategy != "uvloop":
        return asyncio.new_event_loop()
    import uvloop

    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def run_lanes(worker: Callable[[int], Coroutine[Any, Any, None]], lanes: int) -> None:
    """Runs `lanes` workers, each with its number, until all have ended."""
    if sys.version_info >= (3, 11):
        async with asyncio.TaskGroup() as group:
            for lane in range(lanes):
                group.create_task(worker(lane))
    else:
        await asyncio.gather(*map(worker, range(lanes)))


async def work(job: Job, call: ItemCoroutine, queue: deque[int], lane: int) -> None:
    """Takes tasks until there are no more.

    The clock of a task starts when its lane could take it, however long the event loop has no time for it.
    """
    items, results = job.items, job.results
    outputs, latency, ended, keep = results.outputs, job.file.latency, job.file.ended, results.keep
    slots, slot = job.file.slots, SLOT_WORDS * lane
    take = queue.popleft
    last = job.file.free_since(lane)
    with job.file:
        while queue:
            try:
                task = take()
            except IndexError:
                # The timer has just cleared the queue.
                break
            slots[slot] = task + 1
            try:
                value = await call(items[task])
                if type(value) in SCALARS:
                    outputs[task] = value
                else:
                    keep(task, value)
            except BaseException as error:
                results.fail(task, error)
            now = perf_counter_ns()
            latency[task], ended[task] = now - last, now
            last = now
    slots[slot] = 0
