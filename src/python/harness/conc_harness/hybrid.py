"""An event loop for what waits and processes for what computes.

Where waiting and computing are different steps, the loop awaits the ones and hands the others to a
process pool. Where one coroutine does both, every process has an event loop of its own.
"""

import asyncio
from collections import deque
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor, wait
from itertools import groupby
from time import perf_counter_ns

from . import worker
from .asynchronous import supervise
from .errors import DIED, Failure
from .pool import Pool
from .processes import lose, take


def run(job):
    """Runs the tasks, `width` in flight, with `processes` processes."""
    if len(set(job.program.computes)) > 1:
        _run_apart(job)
    else:
        _run_loops(job)


def _run_loops(job):
    asked = perf_counter_ns()
    pool = Pool(job, job.processes)
    width = max(1, job.width // job.processes)
    job.started(asked)
    running = {}
    for k in range(min(job.processes, job.count)):
        share = range(k, job.count, job.processes)
        items = [job.items[i] for i in share]
        running[pool.executor.submit(worker.run_loop, share, items, width, job.time_limit)] = share
    wait(running)
    for future, share in running.items():
        try:
            take(job, future.result(), share)
        except BrokenExecutor as error:
            lose(job, (i for i in share if job.results.is_pending(i)), Failure(DIED, str(error)))
    job.ended()
    pool.close()


def _run_apart(job):
    asked = perf_counter_ns()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(job.width))
    pool = Pool(job, job.processes)
    feed = deque(range(job.count))
    job.started(asked)
    loop.call_later(job.time_limit, feed.clear)
    apart = Apart(job, pool)
    loop.run_until_complete(supervise(lambda: apart.work(feed), min(job.width, job.count)))
    job.ended()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    pool.close()


class Apart:
    """Sends computing steps to the pool and awaits the others."""

    def __init__(self, job, pool):
        self.job = job
        self.pool = pool
        self.killed = {}
        self.segments = _segments(job.program)

    async def work(self, feed):
        """Takes tasks until there are no more."""
        items, results, latency = self.job.items, self.job.results, self.job.board.latency
        last = perf_counter_ns()
        while feed:
            i = feed.popleft()
            try:
                results.keep(i, await self._one(i, items[i]))
            except BaseException as error:
                results.fail(i, error)
            now = perf_counter_ns()
            latency[i] = now - last
            last = now

    async def _one(self, i, value):
        for call, first, end in self.segments:
            value = await (call(value) if call else self._compute(first, end, i, value))
        return value

    async def _compute(self, first, end, i, value):
        """Runs computing steps in a process, again if it was another task that broke the pool."""
        loop = asyncio.get_running_loop()
        while i not in self.killed:
            executor = self.pool.executor
            try:
                outcome = await loop.run_in_executor(executor, worker.run_steps, first, end, i, value)
            except BrokenExecutor:
                # The first to notice opens it anew for all.
                if self.pool.executor is executor:
                    self.killed.update(self.pool.reopen())
                continue
            values, failures = worker.unpacked(outcome, (i,))
            for _, code, message in failures:
                raise Failure(code, message)
            return values[0]
        raise Failure(DIED, "%s while running %s" % (self.killed[i], self.job.name_of(i)))


def _segments(program):
    """Consecutive steps of a kind: a coroutine function for those that wait, None for the others."""
    segments, first = [], 0
    for computes, steps in groupby(program.computes):
        end = first + len(list(steps))
        segments.append((None if computes else program.coroutine(first, end), first, end))
        first = end
    return segments
