"""One task after another, in the main thread."""

from collections import deque
from time import perf_counter_ns

from .results import SCALARS
from .timer import after, stop_after


def run(job):
    """Runs the tasks in order; those that can only be awaited on one event loop."""
    if job.program.needs_loop():
        _run_awaiting(job)
    else:
        _run(job)


def _run(job):
    asked = perf_counter_ns()
    call = job.program.on_main_thread()
    items, results = job.items, job.results
    outputs, latency, slots = results.outputs, job.board.latency, job.board.slots
    stop = stop_after(job.time_limit)
    last = job.started(asked)
    with job.board:
        for i in range(job.count):
            slots[0] = i + 1
            try:
                value = call(items[i])
                if type(value) in SCALARS:
                    outputs[i] = value
                else:
                    results.keep(i, value)
            except BaseException as error:
                results.fail(i, error)
            now = perf_counter_ns()
            latency[i] = now - last
            last = now
            if stop:
                break
    slots[0] = 0
    job.ended()


def _run_awaiting(job):
    import asyncio

    from .asynchronous import work

    asked = perf_counter_ns()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    call = job.program.inline_coroutine()
    feed = deque(range(job.count))
    after(job.time_limit, feed.clear)
    job.started(asked)
    loop.run_until_complete(work(job, call, feed, 0))
    job.ended()
    loop.close()
