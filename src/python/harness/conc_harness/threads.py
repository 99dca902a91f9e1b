"""A `ThreadPoolExecutor` that gets one task at a time, as programs use it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from .errors import TaskTimeout
from .job import Job
from .primitives import perf_counter_ns
from .results import SCALARS
from .results_file import SLOT_WORDS
from .timer import stop_after

# Threads wait this long for one another when they start.
START_LIMIT_S = 60.0


def run(job: Job) -> None:
    """Runs the tasks in `width` threads."""
    requested = perf_counter_ns()
    pool = ThreadPoolExecutor(job.width)
    slots = _start(pool, job.width)
    job.started(requested)
    run_one = _task_function(job, slots, stop_after(job.time_limit_s))
    futures = [pool.submit(run_one, task) for task in range(job.count)]
    if job.program.timeout_s is None or job.program.needs_loop():
        for future in futures:
            future.result()
    else:
        job.has_stuck_thread = _wait_with_timeout(job, futures, job.program.timeout_s)
    job.ended()
    pool.shutdown(wait=not job.has_stuck_thread)


def _start(pool: ThreadPoolExecutor, width: int) -> dict[int, int]:
    """Starts every thread and returns the slot of each thread, by its identity."""
    barrier = threading.Barrier(width)
    slots: dict[int, int] = {}

    def ready() -> None:
        slots[threading.get_ident()] = barrier.wait(START_LIMIT_S)

    for future in [pool.submit(ready) for _ in range(width)]:
        future.result()
    return slots


def _task_function(job: Job, slot_of: dict[int, int], stop: Sequence[bool]) -> Callable[[int], None]:
    call = job.program.function()
    items, results = job.items, job.results
    outputs, latency, ended = results.outputs, job.file.latency, job.file.ended
    slots, status = job.file.slots, job.file.status
    thread, free_since = threading.get_ident, job.file.free_since

    def run_one(task: int) -> None:
        if stop:
            return
        with job.file:
            worker = slot_of[thread()]
            slot = SLOT_WORDS * worker
            slots[slot + 1] = perf_counter_ns()
            slots[slot] = task + 1
            try:
                value = call(items[task])
            except BaseException as error:
                if not status[task]:
                    results.fail(task, error)
            else:
                if not status[task]:
                    if type(value) in SCALARS:
                        outputs[task] = value
                    else:
                        results.keep(task, value)
            now = perf_counter_ns()
            if latency[task] < 2:
                # A thread that was free and waited for the lock of the interpreter could have run the task.
                latency[task], ended[task] = now - free_since(worker), now
            slots[slot + 2] = now
            slots[slot] = 0

    return run_one


def _wait_with_timeout(job: Job, futures: list[Future[None]], timeout_s: float) -> bool:
    """Waits for each task, at most until its timeout; tells whether a thread still runs one."""
    pending = set(futures)
    overdue: set[int] = set()
    while pending:
        _, pending = wait(pending, timeout=min(timeout_s / 10, 0.05))
        now = perf_counter_ns()
        stuck = 0
        for slot in range(job.width):
            task, begun = job.file.current_task(slot), job.file.slots[SLOT_WORDS * slot + 1]
            if task is None or now - begun < timeout_s * 1e9:
                continue
            stuck += 1
            if task not in overdue:
                overdue.add(task)
                job.file.latency[task] = now - begun
                job.results.fail(task, TaskTimeout())
            pending.discard(futures[task])
        if stuck >= job.width:
            for future in pending:
                future.cancel()
            return True
    return any(job.file.current_task(slot) is not None for slot in range(job.width))
