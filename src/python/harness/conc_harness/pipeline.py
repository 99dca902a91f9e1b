"""One pool per step, with bounded queues between them.

Steps that wait run on one event loop if they can be awaited, else in threads; steps that compute run in
processes where a lock lets one thread compute at a time. A queue that is full holds back the stage before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, Optional

from . import pipeline_threads
from .asynchronous import run_lanes
from .job import Job
from .pool import ProcessPool
from .primitives import perf_counter_ns
from .process_steps import ProcessSteps
from .requests import PipelineRequest
from .results_file import SLOT_WORDS
from .timer import after

# The kinds of stages.
LOOP, THREAD, PROCESS = "loop", "thread", "process"

# A task between two stages and its value; None is the end.
Parcel = Optional[tuple[int, Any]]

# The value of a task that has failed, where its place in the order still matters.
FAILED = object()

StageCall = Callable[[int, Any], Awaitable[Any]]


def run(job: Job) -> None:
    """Runs the tasks through the stages."""
    plan = job.pipeline
    assert plan is not None, "the request has stages"
    kinds = {stage.kind for stage in plan.stages}
    if kinds == {THREAD} and job.program.timeout_s is None:
        job.on_forked()
        pipeline_threads.run(job, plan)
    else:
        _run_on_loop(job, plan)


def _run_on_loop(job: Job, plan: PipelineRequest) -> None:
    requested = perf_counter_ns()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    processes = sum(stage.workers for stage in plan.stages if stage.kind == PROCESS)
    threads = sum(stage.workers for stage in plan.stages if stage.kind == THREAD)
    pool = ProcessPool(job, processes) if processes else None
    if pool is None:
        job.on_forked()
    if threads:
        # The default pool of a loop may be smaller.
        loop.set_default_executor(ThreadPoolExecutor(threads))
    job.started(requested)
    loop.run_until_complete(_run_line(job, plan, pool))
    job.ended()
    if threads:
        loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    if pool:
        pool.close()


async def _run_line(job: Job, plan: PipelineRequest, pool: ProcessPool | None) -> None:
    line = Line(job, plan, pool)
    after(job.time_limit_s, line.pending.clear)
    workers = [number for number, stage in enumerate(plan.stages) for _ in range(stage.workers)]
    await run_lanes(lambda lane: line.work(workers[lane]), len(workers))


class Line:
    """The stages and the queues between them."""

    def __init__(self, job: Job, plan: PipelineRequest, pool: ProcessPool | None) -> None:
        self.job = job
        self.plan = plan
        self.pending = deque(range(job.count))
        self._queues: list[asyncio.Queue[Parcel]] = [asyncio.Queue(plan.queue) for _ in plan.stages[1:]]
        self._calls = stage_calls(job, plan, pool)
        self._begun = [0] * job.count
        self._working = [stage.workers for stage in plan.stages]
        # Only an order needs tickets: tasks that wait for an earlier one are in no queue.
        self._tickets = asyncio.Semaphore(plan.in_flight()) if plan.ordered else None
        # Processes mark what they run in the first slots.
        self._slots = count(pool.workers if pool else 0)

    async def work(self, number: int) -> None:
        """Runs one worker of a stage until there are no more tasks."""
        slot = None if self.plan.stages[number].kind == PROCESS else SLOT_WORDS * next(self._slots)
        with self.job.file:
            if number == 0:
                await self._feed(slot)
            elif number == self.plan.ordered:
                await self._pass_in_order(number, slot)
            else:
                while True:
                    parcel = await self._queues[number - 1].get()
                    if parcel is None:
                        break
                    await self._pass(number, slot, *parcel)
        self._working[number] -= 1
        if self._working[number] == 0 and number + 1 < len(self.plan.stages):
            for _ in range(self.plan.stages[number + 1].workers):
                await self._queues[number].put(None)

    async def _feed(self, slot: int | None) -> None:
        """Begins the tasks."""
        while self.pending:
            if self._tickets:
                # First, so that an earlier task never waits for the ticket of a later one.
                await self._tickets.acquire()
            try:
                task = self.pending.popleft()
            except IndexError:
                break
            self._begun[task] = perf_counter_ns()
            await self._pass(0, slot, task, self.job.items[task])

    async def _pass_in_order(self, number: int, slot: int | None) -> None:
        """Passes tasks on in the order in which they began."""
        early: dict[int, Any] = {}
        due = 0
        while True:
            parcel = await self._queues[number - 1].get()
            if parcel is None:
                break
            early[parcel[0]] = parcel[1]
            while due in early:
                await self._pass(number, slot, due, early.pop(due))
                due += 1
                if self._tickets:
                    self._tickets.release()

    async def _pass(self, number: int, slot: int | None, task: int, value: Any) -> None:
        """Runs the step of a stage, then hands the task on or records its end."""
        is_last = number + 1 == len(self.plan.stages)
        if value is not FAILED:
            if slot is not None:
                self.job.file.slots[slot] = task + 1
            try:
                value = await self._calls[number](task, value)
                if is_last:
                    self.job.results.keep(task, value)
            except BaseException as error:
                self.job.results.fail(task, error)
                value = FAILED
            if slot is not None:
                self.job.file.slots[slot] = 0
            if is_last or value is FAILED:
                now = perf_counter_ns()
                self.job.file.latency[task], self.job.file.ended[task] = now - self._begun[task], now
        if not is_last and (value is not FAILED or number < (self.plan.ordered or 0)):
            await self._queues[number].put((task, value))


def stage_calls(job: Job, plan: PipelineRequest, pool: ProcessPool | None) -> list[StageCall]:
    """Returns what each stage does with a task and its value."""
    in_processes = ProcessSteps(job, pool) if pool else None

    def call(step: int, kind: str) -> StageCall:
        if kind == PROCESS:
            assert in_processes is not None, "there is a pool"
            steps = in_processes
            return lambda task, value: steps.run(step, step + 1, task, value)
        program = job.program
        run = program.coroutine(step, step + 1) if kind == LOOP else program.in_thread(step, step + 1)
        return lambda _, value: run(value)

    return [call(step, stage.kind) for step, stage in enumerate(plan.stages)]
