"""The stages of a pipeline in threads, with a bounded `queue.Queue` between two of them."""

from __future__ import annotations

import threading
from collections import deque
from queue import Queue
from typing import Any, Optional

from .job import Job
from .primitives import perf_counter_ns
from .requests import PipelineRequest
from .results_file import SLOT_WORDS
from .timer import after

# Threads wait this long for one another when they start.
START_LIMIT_S = 60.0

# A task between two stages and its value; None is the end.
Parcel = Optional[tuple[int, Any]]

# The value of a task that has failed, where its place in the order still matters.
FAILED = object()


def run(job: Job, plan: PipelineRequest) -> None:
    """Runs the tasks through the stages."""
    requested = perf_counter_ns()
    line = ThreadLine(job, plan)
    threads = line.start()
    job.started(requested)
    after(job.time_limit_s, line.pending.clear)
    line.begin.wait(START_LIMIT_S)
    for thread in threads:
        thread.join()
    job.ended()


class ThreadLine:
    """The stages and the queues between them."""

    def __init__(self, job: Job, plan: PipelineRequest) -> None:
        self.job = job
        self.plan = plan
        self.pending = deque(range(job.count))
        width = sum(stage.workers for stage in plan.stages)
        self._ready = threading.Barrier(width + 1)
        self.begin = threading.Barrier(width + 1)
        self._queues: list[Queue[Parcel]] = [Queue(plan.queue) for _ in plan.stages[1:]]
        self._calls = [job.program.function(step, step + 1) for step in range(len(plan.stages))]
        self._begun = [0] * job.count
        self._working = [stage.workers for stage in plan.stages]
        self._lock = threading.Lock()
        # Only an order needs tickets: tasks that wait for an earlier one are in no queue.
        self._tickets = threading.Semaphore(plan.in_flight()) if plan.ordered else None

    def start(self) -> list[threading.Thread]:
        """Starts every thread; they wait until all of them, and the caller, begin."""
        threads: list[threading.Thread] = []
        for number, stage in enumerate(self.plan.stages):
            for _ in range(stage.workers):
                slot = SLOT_WORDS * len(threads)
                threads.append(threading.Thread(target=self._work, args=(number, slot), daemon=True))
        for thread in threads:
            thread.start()
        self._ready.wait(START_LIMIT_S)
        return threads

    def _work(self, number: int, slot: int) -> None:
        """Runs one worker of a stage until there are no more tasks."""
        self._ready.wait(START_LIMIT_S)
        self.begin.wait(START_LIMIT_S)
        with self.job.file:
            if number == 0:
                self._feed(slot)
            elif number == self.plan.ordered:
                self._pass_in_order(number, slot)
            else:
                for task, value in iter(self._queues[number - 1].get, None):
                    self._pass(number, slot, task, value)
        with self._lock:
            self._working[number] -= 1
            is_over = self._working[number] == 0
        if is_over and number + 1 < len(self.plan.stages):
            for _ in range(self.plan.stages[number + 1].workers):
                self._queues[number].put(None)

    def _feed(self, slot: int) -> None:
        """Begins the tasks."""
        while self.pending:
            if self._tickets:
                # First, so that an earlier task never waits for the ticket of a later one.
                self._tickets.acquire()
            try:
                task = self.pending.popleft()
            except IndexError:
                break
            self._begun[task] = perf_counter_ns()
            self._pass(0, slot, task, self.job.items[task])

    def _pass_in_order(self, number: int, slot: int) -> None:
        """Passes tasks on in the order in which they began."""
        early: dict[int, Any] = {}
        due = 0
        for arrived, result in iter(self._queues[number - 1].get, None):
            early[arrived] = result
            while due in early:
                self._pass(number, slot, due, early.pop(due))
                due += 1
                if self._tickets:
                    self._tickets.release()

    def _pass(self, number: int, slot: int, task: int, value: Any) -> None:
        """Runs the step of a stage, then hands the task on or records its end."""
        is_last = number + 1 == len(self.plan.stages)
        if value is not FAILED:
            file = self.job.file
            file.slots[slot] = task + 1
            try:
                value = self._calls[number](value)
                if is_last:
                    self.job.results.keep(task, value)
            except BaseException as error:
                self.job.results.fail(task, error)
                value = FAILED
            file.slots[slot] = 0
            if is_last or value is FAILED:
                now = perf_counter_ns()
                file.latency[task], file.ended[task] = now - self._begun[task], now
        if not is_last and (value is not FAILED or number < (self.plan.ordered or 0)):
            self._queues[number].put((task, value))
