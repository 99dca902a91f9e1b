"""A `ThreadPoolExecutor` that is handed one task at a time, as programs do."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from time import perf_counter_ns

from .errors import TaskTimeout
from .results import SCALARS
from .timer import stop_after

# Threads wait this long for one another when they start.
READY_S = 60.0


def run(job):
    """Runs the tasks in `width` threads."""
    asked = perf_counter_ns()
    pool = ThreadPoolExecutor(job.width)
    slots = _start(pool, job.width)
    job.started(asked)
    one = _task(job, slots, stop_after(job.time_limit))
    futures = [pool.submit(one, i) for i in range(job.count)]
    stuck = False
    if job.program.timeout is None or job.program.needs_loop():
        for future in futures:
            future.result()
    else:
        stuck = _watch(job, futures)
    job.ended()
    job.order["stuck"] = stuck
    pool.shutdown(wait=not stuck)


def _start(pool, width):
    """Starts every thread; gives each a number."""
    barrier = threading.Barrier(width)
    slots = {}

    def ready():
        slots[threading.get_ident()] = barrier.wait(READY_S)

    for future in [pool.submit(ready) for _ in range(width)]:
        future.result()
    return slots


def _task(job, numbers, stop):
    call = job.program.function()
    items, results = job.items, job.results
    outputs, latency, slots, status = results.outputs, job.board.latency, job.board.slots, job.board.status
    me = threading.get_ident

    def one(i):
        if stop:
            return
        with job.board:
            slot = 2 * numbers[me()]
            begun = perf_counter_ns()
            slots[slot + 1] = begun
            slots[slot] = i + 1
            try:
                value = call(items[i])
            except BaseException as error:
                if not status[i]:
                    results.fail(i, error)
            else:
                if not status[i]:
                    if type(value) in SCALARS:
                        outputs[i] = value
                    else:
                        results.keep(i, value)
            if latency[i] < 2:
                latency[i] = perf_counter_ns() - begun
            slots[slot] = 0

    return one


def _watch(job, futures):
    """Waits for the tasks, but for none longer than the timeout; whether a thread is still at one."""
    timeout = job.program.timeout
    pending = set(futures)
    overdue = set()
    while pending:
        _, pending = wait(pending, timeout=min(timeout / 10, 0.05))
        now = perf_counter_ns()
        stuck = 0
        for slot in range(job.width):
            i = job.board.occupant(slot)
            if i is None or now - job.board.slots[2 * slot + 1] < timeout * 1e9:
                continue
            stuck += 1
            if i not in overdue:
                overdue.add(i)
                job.board.latency[i] = now - job.board.slots[2 * slot + 1]
                job.results.fail(i, TaskTimeout())
            pending.discard(futures[i])
        if stuck >= job.width:
            for future in pending:
                future.cancel()
            return True
    return any(job.board.occupant(slot) is not None for slot in range(job.width))
