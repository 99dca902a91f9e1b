"""A `ProcessPoolExecutor` that gets several tasks in one message.

A message costs about 0.1 to 0.2 ms, so a chunk should be some milliseconds of work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait

from .chunk_outcome import PackedOutcome, unpack
from .errors import DIED, CodedError
from .job import Job
from .pool import ProcessPool, WorkerPool
from .primitives import monotonic, perf_counter_ns
from .results import SCALARS

# Seconds of work in a chunk, and the minimum number of chunks for every worker.
CHUNK_S = 0.01
MIN_CHUNKS_PER_WORKER = 4

# Chunks under way for each worker: the one that runs and one that waits.
CHUNKS_UNDER_WAY_PER_WORKER = 2


def run(job: Job, open_pool: Callable[[Job, int], WorkerPool] = ProcessPool) -> None:
    """Runs the tasks with `width` workers."""
    requested = perf_counter_ns()
    pool = open_pool(job, job.width)
    job.started(requested)
    run_chunks(job, pool)
    job.ended()
    pool.close()


def chunk_size(job: Job) -> int:
    """Returns the number of tasks in a chunk."""
    fair = job.count / (MIN_CHUNKS_PER_WORKER * job.width)
    rate = job.request.limits.rate
    # If tasks wait for the rate limit, a worker that holds many of them starves the others.
    task_s = max(job.task_s or 0.0, job.width / rate.per_s if rate else 0.0)
    wanted = CHUNK_S / task_s if task_s else 1
    return max(1, math.floor(min(wanted, fair)))


def run_chunks(job: Job, pool: WorkerPool) -> None:
    """Hands out every chunk; after a death goes on with the remaining tasks."""
    size = chunk_size(job)
    waiting = [range(first, min(first + size, job.count)) for first in range(0, job.count, size)]
    waiting.reverse()
    stop = monotonic() + job.time_limit_s
    running: dict[Future[PackedOutcome], range] = {}
    while running or (waiting and monotonic() < stop):
        try:
            while waiting and len(running) < CHUNKS_UNDER_WAY_PER_WORKER * job.width and monotonic() < stop:
                # Removed only after it was sent.
                running[submit(job, pool, waiting[-1])] = waiting[-1]
                waiting.pop()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                # Removed only after its answer arrived: the rest of a broken pool runs again.
                take(job, pool.receive(future, len(running[future])), running[future])
                del running[future]
        except BrokenExecutor:
            try:
                waiting.extend(after_death(job, pool, running.values()))
            except CodedError as failure:
                return lose(job, [task for chunk in [*running.values(), *waiting] for task in chunk], failure)
            running = {}
    return None


def submit(job: Job, pool: WorkerPool, chunk: range) -> Future[PackedOutcome]:
    """Sends one chunk to a worker."""
    return pool.submit(pool.run_chunk, chunk.start, job.items[chunk.start : chunk.stop])


def lose(job: Job, tasks: Iterable[int], failure: CodedError) -> None:
    """Records the failure of tasks that no worker is left to run."""
    for task in tasks:
        job.results.fail(task, failure)


def take(job: Job, outcome: PackedOutcome, chunk: Sequence[int]) -> None:
    """Records the results of a chunk."""
    results = job.results
    values, failures = unpack(outcome, chunk)
    for task, value in zip(chunk, values):
        if type(value) in SCALARS:
            results.outputs[task] = value
        else:
            results.keep(task, value)
    for task, code, message in failures:
        results.fail_as(task, code, message)


def blame(job: Job, task: int, how: str) -> None:
    """Records the failure of the task that ended a worker."""
    job.results.fail_as(task, DIED, f"{how} while running {job.name_of(task)}")


def after_death(job: Job, pool: WorkerPool, chunks: Iterable[range]) -> list[range]:
    """Reopens the pool and returns the chunks to run again, without the tasks that killed workers."""
    guilty = set()
    for tasks, how in pool.reopen():
        for task in tasks:
            guilty.add(task)
            blame(job, task, how)
    again = [task for chunk in chunks for task in chunk if task not in guilty]
    for task in again:
        job.file.latency[task] = 0
    return [range(task, task + 1) for task in again]
