"""An event loop for steps that wait and processes for steps that compute.

Where waiting and computing are different steps, the loop awaits the first and sends the others to a
process pool. Where one coroutine does both, every process has an event loop of its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor, as_completed
from itertools import groupby
from typing import Any, NamedTuple

from . import worker
from .asynchronous import run_lanes
from .chunk_outcome import PackedOutcome
from .errors import CodedError
from .job import Job
from .pool import Death, ProcessPool
from .primitives import monotonic, perf_counter_ns
from .process_steps import ProcessSteps
from .processes import blame, lose, take
from .program import ItemCoroutine, Program
from .timer import after


def run(job: Job) -> None:
    """Runs the tasks, `width` in flight, with `processes` processes."""
    if len(set(job.program.computes)) > 1:
        _run_split(job)
    else:
        _run_loops(job)


def _run_loops(job: Job) -> None:
    requested = perf_counter_ns()
    width = max(1, job.width // job.processes)
    pool = ProcessPool(job, job.processes, lanes=width)
    job.started(requested)
    LoopPerProcess(job, pool, width).run()
    job.ended()
    pool.close()


class LoopPerProcess:
    """Gives every process a share of the tasks for its event loop.

    If a process dies, any of its tasks in flight may be the cause. Each is run alone afterwards; the
    cause kills its process again.
    """

    def __init__(self, job: Job, pool: ProcessPool, width: int) -> None:
        self.job = job
        self.pool = pool
        self.width = width
        self._stop = monotonic() + job.time_limit_s
        self._deaths: list[Death] = []

    def run(self) -> None:
        """Runs every task; after a death goes on with the remaining tasks."""
        tasks: Sequence[int] = range(self.job.count)
        try:
            while tasks:
                tasks = self._run_together(tasks)
            for death in self._deaths:
                self._run_one_by_one(death)
        except CodedError as failure:
            results = self.job.results
            lose(self.job, [task for task in range(self.job.count) if results.is_pending(task)], failure)

    def _run_together(self, tasks: Sequence[int]) -> Sequence[int]:
        """Runs the tasks and returns those to run again because a process died."""
        running: dict[Future[PackedOutcome], Sequence[int]] = {}
        broken: list[int] = []
        for number in range(min(self.pool.workers, len(tasks))):
            share = tasks[number :: self.pool.workers]
            try:
                running[self._submit(share)] = share
            except BrokenExecutor:
                broken.extend(share)
        for future in as_completed(running):
            share = running[future]
            try:
                take(self.job, self.pool.receive(future, len(share)), share)
            except BrokenExecutor:
                broken.extend(share)
        return self._without_suspects(broken) if broken else ()

    def _without_suspects(self, broken: list[int]) -> Sequence[int]:
        for task in broken:
            # Its result is lost with its process.
            self.job.file.latency[task] = 0
        deaths = self.pool.reopen()
        self._deaths.extend(deaths)
        suspects = {task for death in deaths for task in death.tasks}
        return [task for task in broken if task not in suspects]

    def _run_one_by_one(self, death: Death) -> None:
        """Runs the tasks that were in flight when a process died, to find the cause."""
        suspects, how = death
        if len(suspects) == 1:
            blame(self.job, suspects[0], how)
            return
        is_found = False
        for task in suspects:
            try:
                take(self.job, self.pool.receive(self._submit([task]), 1), [task])
            except BrokenExecutor:
                self.pool.reopen()
                blame(self.job, task, how)
                is_found = True
        if not is_found:
            blame(self.job, suspects[0], f"{how}, with {len(suspects) - 1} others in flight,")

    def _submit(self, share: Sequence[int]) -> Future[PackedOutcome]:
        items = [self.job.items[task] for task in share]
        time_limit_s = max(0.0, self._stop - monotonic())
        return self.pool.submit(worker.run_loop, share, items, self.width, time_limit_s)


def _run_split(job: Job) -> None:
    requested = perf_counter_ns()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(job.width))
    pool = ProcessPool(job, job.processes)
    queue = deque(range(job.count))
    job.started(requested)
    after(job.time_limit_s, queue.clear)
    stages = SplitStages(job, pool)
    loop.run_until_complete(run_lanes(lambda _: stages.work(queue), min(job.width, job.count)))
    job.ended()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    pool.close()


class Stage(NamedTuple):
    """Consecutive steps of one kind: a coroutine function if they wait, None if they compute."""

    wait: ItemCoroutine | None
    first: int
    end: int


class SplitStages:
    """Sends computing steps to the pool and awaits the others."""

    def __init__(self, job: Job, pool: ProcessPool) -> None:
        self.job = job
        self._computing = ProcessSteps(job, pool)
        self._stages = _stages(job.program)

    async def work(self, queue: deque[int]) -> None:
        """Takes tasks until there are no more."""
        items, results = self.job.items, self.job.results
        latency, ended = self.job.file.latency, self.job.file.ended
        with self.job.file:
            last = self.job.file.released_ns()
            while queue:
                try:
                    task = queue.popleft()
                except IndexError:
                    break
                try:
                    results.keep(task, await self._run_one(task, items[task]))
                except BaseException as error:
                    results.fail(task, error)
                now = perf_counter_ns()
                latency[task], ended[task] = now - last, now
                last = now

    async def _run_one(self, task: int, value: Any) -> Any:
        for wait, first, end in self._stages:
            value = await (wait(value) if wait else self._computing.run(first, end, task, value))
        return value


def _stages(program: Program) -> list[Stage]:
    """Returns the steps of a program, grouped by whether they compute."""
    stages, first = [], 0
    for computes, steps in groupby(program.computes):
        end = first + len(list(steps))
        stages.append(Stage(None if computes else program.coroutine(first, end), first, end))
        first = end
    return stages
