"""Steps of single tasks in a pool of processes, for strategies whose other steps run on an event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import BrokenExecutor
from typing import Any

from . import worker
from .chunk_outcome import unpack
from .errors import DIED, CodedError
from .job import Job
from .pool import ProcessPool


class ProcessSteps:
    """Sends steps to the pool; after a death goes on with the tasks that did not cause it."""

    def __init__(self, job: Job, pool: ProcessPool) -> None:
        self.job = job
        self.pool = pool
        # How the process of a task died.
        self._killed: dict[int, str] = {}

    async def run(self, first: int, end: int, task: int, value: Any) -> Any:
        """Runs steps `first` to `end` of a task in a process; again, if another task broke the pool."""
        while task not in self._killed:
            executor = self.pool.executor
            try:
                future = self.pool.submit(worker.run_steps, first, end, task, value)
                await asyncio.wrap_future(future)
                outcome = self.pool.receive(future, 1)
            except BrokenExecutor:
                # The first to notice reopens the pool for all.
                if self.pool.executor is executor:
                    self._reopen()
                continue
            values, failures = unpack(outcome, (task,))
            for _, code, message in failures:
                raise CodedError(code, message)
            return values[0]
        raise CodedError(DIED, f"{self._killed[task]} while running {self.job.name_of(task)}")

    def _reopen(self) -> None:
        for tasks, how in self.pool.reopen():
            self._killed.update((task, how) for task in tasks)
