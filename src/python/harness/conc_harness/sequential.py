"""One task after another, on the main thread."""

from __future__ import annotations

from collections import deque

from .job import Job
from .primitives import perf_counter_ns
from .results import SCALARS
from .timer import after, stop_after


def run(job: Job) -> None:
    """Runs the tasks in order; if a step has only an async form, on one event loop."""
    if job.program.needs_loop():
        _run_awaiting(job)
    else:
        _run(job)


def _run(job: Job) -> None:
    requested = perf_counter_ns()
    call = job.program.on_main_thread()
    items, results = job.items, job.results
    outputs, latency, ended, slots = results.outputs, job.file.latency, job.file.ended, job.file.slots
    stop = stop_after(job.time_limit_s)
    last = job.started(requested)
    with job.file:
        for task in range(job.count):
            slots[0] = task + 1
            try:
                value = call(items[task])
                if type(value) in SCALARS:
                    outputs[task] = value
                else:
                    results.keep(task, value)
            except BaseException as error:
                results.fail(task, error)
            now = perf_counter_ns()
            latency[task], ended[task] = now - last, now
            last = now
            if stop:
                break
    slots[0] = 0
    job.ended()


def _run_awaiting(job: Job) -> None:
    import asyncio

    from .asynchronous import work

    requested = perf_counter_ns()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    call = job.program.inline_coroutine()
    queue = deque(range(job.count))
    after(job.time_limit_s, queue.clear)
    job.started(requested)
    loop.run_until_complete(work(job, call, queue, 0))
    job.ended()
    loop.close()
