"""A `ProcessPoolExecutor` that is handed several tasks at a time.

One hand-over costs some 0.1 to 0.2 ms, so that a chunk should be some milliseconds of work.
"""

import math
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
from time import monotonic, perf_counter_ns

from .errors import DIED, Failure
from .outcome import unpacked
from .pool import Pool
from .results import SCALARS

# Seconds of work in a chunk, and chunks that every worker gets at least.
CHUNK_S = 0.01
CHUNKS_PER_WORKER = 4

# Chunks handed over beyond those that run.
AHEAD = 2


def run(job, open_pool=Pool):
    """Runs the tasks in `width` processes."""
    asked = perf_counter_ns()
    pool = open_pool(job, job.width)
    job.started(asked)
    run_chunks(job, pool)
    job.ended()
    pool.close()


def chunk_size(job):
    """Tasks in a chunk."""
    fair = job.count / (CHUNKS_PER_WORKER * job.width)
    rate = job.order.get("rate")
    # Where tasks wait for their turn, a worker that holds many of them keeps it from others.
    task_s = max(job.task_s, job.width / rate["per_s"] if rate else 0.0)
    wanted = CHUNK_S / task_s if task_s else 1
    return max(1, math.floor(min(wanted, fair)))


def run_chunks(job, pool):
    """Hands out every chunk; after a death goes on with what is left."""
    size = chunk_size(job)
    waiting = [range(i, min(i + size, job.count)) for i in range(0, job.count, size)]
    waiting.reverse()
    stop = monotonic() + job.time_limit
    running = {}
    while running or (waiting and monotonic() < stop):
        try:
            while waiting and len(running) < AHEAD * job.width and monotonic() < stop:
                # Taken away only when it is handed over.
                running[submit(job, pool, waiting[-1])] = waiting[-1]
                waiting.pop()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                # Taken out only when it has been heard: the rest of a broken pool is run again.
                take(job, pool.heard(future, len(running[future])), running[future])
                del running[future]
        except BrokenExecutor:
            try:
                waiting.extend(after_death(job, pool, running.values()))
            except Failure as failure:
                lost = [i for chunk in [*running.values(), *waiting] for i in chunk]
                return lose(job, lost, failure)
            running = {}


def submit(job, pool, chunk):
    """Hands over one chunk."""
    return pool.submit(pool.run_chunk, chunk.start, job.items[chunk.start : chunk.stop])


def lose(job, tasks, failure):
    """Accounts for tasks that nobody is left to run."""
    for i in tasks:
        job.results.fail(i, failure)


def take(job, outcome, chunk):
    """Keeps what a chunk gave."""
    results = job.results
    values, failures = unpacked(outcome, chunk)
    for i, value in zip(chunk, values):
        if type(value) in SCALARS:
            results.outputs[i] = value
        else:
            results.keep(i, value)
    for i, code, message in failures:
        results.fail_as(i, code, message)


def blame(job, i, how):
    """Accounts for the task that ended a worker."""
    job.results.fail_as(i, DIED, "%s while running %s" % (how, job.name_of(i)))


def after_death(job, pool, chunks):
    """Opens the pool anew; the chunks to be run again, without the tasks that killed workers."""
    guilty = set()
    for tasks, how in pool.reopen():
        for i in tasks:
            guilty.add(i)
            blame(job, i, how)
    again = [i for chunk in chunks for i in chunk if i not in guilty]
    for i in again:
        job.board.latency[i] = 0
    return [range(i, i + 1) for i in again]
