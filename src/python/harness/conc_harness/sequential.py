"""One task after another, in the main thread."""

import threading
from time import perf_counter_ns

from .results import SCALARS


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


def stop_after(seconds):
    """A list that gets something in it when the time is over."""
    stop = []
    timer = threading.Timer(seconds, stop.append, (True,))
    timer.name = "conc-timer"
    timer.daemon = True
    timer.start()
    return stop


def _run_awaiting(job):
    import asyncio

    asked = perf_counter_ns()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    begun = job.started(asked)
    loop.run_until_complete(_await_all(job, begun))
    job.ended()
    loop.close()


async def _await_all(job, last):
    call = job.program.inline_coroutine()
    items, results = job.items, job.results
    latency, slots = job.board.latency, job.board.slots
    stop = stop_after(job.time_limit)
    for i in range(job.count):
        slots[0] = i + 1
        try:
            results.keep(i, await call(items[i]))
        except BaseException as error:
            results.fail(i, error)
        now = perf_counter_ns()
        latency[i] = now - last
        last = now
        if stop:
            break
    slots[0] = 0
