"""An event loop for what waits and processes for what computes.

Where waiting and computing are different steps, the loop awaits the ones and hands the others to a
process pool. Where one coroutine does both, every process has an event loop of its own.
"""

import asyncio
from collections import deque
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor, as_completed
from itertools import groupby
from time import monotonic, perf_counter_ns

from . import worker
from .asynchronous import supervise
from .errors import DIED, Failure
from .outcome import unpacked
from .pool import Pool
from .processes import blame, lose, take
from .timer import after


def run(job):
    """Runs the tasks, `width` in flight, with `processes` processes."""
    if len(set(job.program.computes)) > 1:
        _run_apart(job)
    else:
        _run_loops(job)


def _run_loops(job):
    asked = perf_counter_ns()
    width = max(1, job.width // job.processes)
    pool = Pool(job, job.processes, lanes=width)
    job.started(asked)
    Loops(job, pool, width).run()
    job.ended()
    pool.close()


class Loops:
    """Gives every process a share of the tasks for its event loop.

    Which of the tasks in flight has ended a process is not to be seen; run alone, it does so again.
    """

    def __init__(self, job, pool, width):
        self.job = job
        self.pool = pool
        self.width = width
        self.stop = monotonic() + job.time_limit
        self.suspects = []

    def run(self):
        """Runs every task; after a death goes on with what is left."""
        tasks = range(self.job.count)
        try:
            while tasks:
                tasks = self._together(tasks)
            for in_flight, how in self.suspects:
                self._apart(in_flight, how)
        except Failure as failure:
            results = self.job.results
            lose(self.job, [i for i in range(self.job.count) if results.is_pending(i)], failure)

    def _together(self, tasks):
        """Runs the tasks; those that have to be run again because a process died."""
        running, broken = {}, []
        for k in range(min(self.pool.workers, len(tasks))):
            share = tasks[k :: self.pool.workers]
            try:
                running[self._submit(share)] = share
            except BrokenExecutor:
                broken.extend(share)
        for future in as_completed(running):
            share = running[future]
            try:
                take(self.job, self.pool.heard(future, len(share)), share)
            except BrokenExecutor:
                broken.extend(share)
        if not broken:
            return ()
        for i in broken:
            # What it gave is lost with its process.
            self.job.board.latency[i] = 0
        deaths = self.pool.reopen()
        self.suspects.extend(deaths)
        aside = {i for in_flight, _ in deaths for i in in_flight}
        return [i for i in broken if i not in aside]

    def _apart(self, in_flight, how):
        """Runs tasks one at a time that were in flight when a process died, to see which it was."""
        found = len(in_flight) == 1
        if found:
            return blame(self.job, in_flight[0], how)
        for i in in_flight:
            try:
                take(self.job, self.pool.heard(self._submit([i]), 1), [i])
            except BrokenExecutor:
                self.pool.reopen()
                blame(self.job, i, how)
                found = True
        if not found:
            blame(self.job, in_flight[0], "%s, with %d others in flight," % (how, len(in_flight) - 1))
        return None

    def _submit(self, share):
        items = [self.job.items[i] for i in share]
        time_limit = max(0.0, self.stop - monotonic())
        return self.pool.submit(worker.run_loop, share, items, self.width, time_limit)


def _run_apart(job):
    asked = perf_counter_ns()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(job.width))
    pool = Pool(job, job.processes)
    feed = deque(range(job.count))
    job.started(asked)
    after(job.time_limit, feed.clear)
    apart = Apart(job, pool)
    loop.run_until_complete(supervise(lambda _: apart.work(feed), min(job.width, job.count)))
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
        with self.job.board:
            last = perf_counter_ns()
            while feed:
                try:
                    i = feed.popleft()
                except IndexError:
                    break
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
        while i not in self.killed:
            executor = self.pool.executor
            try:
                future = self.pool.submit(worker.run_steps, first, end, i, value)
                await asyncio.wrap_future(future)
                outcome = self.pool.heard(future, 1)
            except BrokenExecutor:
                # The first to notice opens it anew for all.
                if self.pool.executor is executor:
                    self._reopen()
                continue
            values, failures = unpacked(outcome, (i,))
            for _, code, message in failures:
                raise Failure(code, message)
            return values[0]
        raise Failure(DIED, "%s while running %s" % (self.killed[i], self.job.name_of(i)))

    def _reopen(self):
        for tasks, how in self.pool.reopen():
            self.killed.update((task, how) for task in tasks)


def _segments(program):
    """Consecutive steps of a kind: a coroutine function for those that wait, None for the others."""
    segments, first = [], 0
    for computes, steps in groupby(program.computes):
        end = first + len(list(steps))
        segments.append((None if computes else program.coroutine(first, end), first, end))
        first = end
    return segments
