"""A `ProcessPoolExecutor` whose workers are counted and numbered and report what they used.

A worker that dies breaks the whole pool. The results file shows which tasks it was running; the code that
reopens the pool decides which of them is to blame.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from typing import Any, NamedTuple, Protocol

from . import resource_usage, worker
from .chunk_outcome import PackedOutcome
from .errors import DIED, CodedError
from .ipc_stats import IpcStats
from .job import Job
from .program_stand_in import StandIn
from .results_file import SLOT_WORDS
from .text import text_of

# A pool is reopened after at most this many deaths. Where several tasks run at once in a worker, a second
# death finds the one to blame.
MAX_DEATHS = 5

RunChunk = Callable[..., PackedOutcome]


class Death(NamedTuple):
    """A worker that died: the tasks it was running, and how it ended."""

    tasks: list[int]
    how: str


class WorkerPool(Protocol):
    """Workers that run chunks of tasks."""

    run_chunk: RunChunk

    def submit(self, function: RunChunk, *arguments: Any) -> Future[PackedOutcome]:
        """Sends one message."""

    def receive(self, future: Future[PackedOutcome], tasks: int) -> PackedOutcome:
        """Returns the answer to a message; raises BrokenExecutor if the pool is broken."""

    def reopen(self) -> list[Death]:
        """Replaces the workers after a death."""

    def close(self) -> None:
        """Ends the workers."""


class ProcessPool:
    """Worker processes for one batch, each with up to `lanes` tasks at once."""

    run_chunk = staticmethod(worker.run_chunk)

    def __init__(self, job: Job, workers: int, lanes: int = 1) -> None:
        self.job = job
        self.workers = workers
        self.lanes = lanes
        self._deaths = 0
        self._slots: dict[int, int] = {}
        self.ipc = job.ipc = IpcStats(workers)
        # The interpreter's own start method, or the one that the user's module has set.
        start_method = multiprocessing.get_context().get_start_method()
        self._stand_in = StandIn(job.request, start_method, job.strategy in ("hybrid", "pipeline"))
        # An executor that cannot start its own thread never returns from its first message.
        os.register_at_fork(after_in_parent=self._has_forked)
        self._open()

    def _has_forked(self) -> None:
        """Tells the job as soon as nothing is left to fork; older executors have a thread by then anyway."""
        if self._unforked:
            self._unforked -= 1
            if self._unforked == 0 or sys.version_info < (3, 12):
                self.job.on_forked()

    def _open(self) -> None:
        context = multiprocessing.get_context()
        self._unforked = self.workers
        if context.get_start_method() != "fork":
            self.job.on_forked()
        barrier = context.Barrier(self.workers)
        self.executor = ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=worker.init, initargs=(self.job.request, barrier)
        )
        ready = [self.executor.submit(worker.ready) for _ in range(self.workers)]
        self._unforked = 0
        self.job.on_forked()
        # A copy, because the executor forgets its processes when it breaks.
        self._processes = dict(self.executor._processes)
        self._slots = {}
        for future in ready:
            pid, slot, failure = future.result()
            self._slots[pid] = slot
            if failure:
                raise CodedError(*failure)
        self._processes.update(self.executor._processes or {})

    def submit(self, function: RunChunk, *arguments: Any) -> Future[PackedOutcome]:
        """Sends one message."""
        try:
            future = self.executor.submit(function, *arguments)
        except RuntimeError as error:
            # An executor that broke between two calls raises another exception.
            raise BrokenExecutor(text_of(error)) from None
        self.ipc.record_sent()
        return future

    def receive(self, future: Future[PackedOutcome], tasks: int) -> PackedOutcome:
        """Returns the answer to a message; raises BrokenExecutor if the pool is broken."""
        outcome = future.result()
        self.ipc.record_answer(tasks, outcome.worked_ns)
        return outcome

    def reopen(self) -> list[Death]:
        """Replaces the broken executor and returns the workers that died."""
        self.ipc.record_lost()
        self.executor.shutdown(wait=True)
        deaths = self._find_deaths()
        self._deaths += 1
        if self._deaths > MAX_DEATHS * (1 if self.lanes == 1 else 2):
            last = deaths[0].how if deaths else "without a task"
            raise CodedError(DIED, f"worker processes died again and again; the last one {last}")
        for slot in range(self.workers * self.lanes):
            self.job.file.slots[SLOT_WORDS * slot] = 0
        self._open()
        return deaths

    def _find_deaths(self) -> list[Death]:
        """Returns the workers that the executor did not end itself."""
        ended: list[tuple[list[int], int | None]] = []
        for pid, process in self._processes.items():
            tasks = self._tasks_of(self._slots.get(pid))
            process.join()
            if tasks:
                ended.append((tasks, process.exitcode))
        # The executor ends the others by SIGTERM. If none ended in another way, one of those died.
        guilty = [(tasks, code) for tasks, code in ended if code not in (0, -signal.SIGTERM)]
        return [Death(tasks, f"worker process died: {_ending(code)}") for tasks, code in guilty or ended[:1]]

    def _tasks_of(self, slot: int | None) -> list[int]:
        if slot is None:
            return []
        lanes = range(slot * self.lanes, (slot + 1) * self.lanes)
        return [task for task in map(self.job.file.current_task, lanes) if task is not None]

    def close(self) -> None:
        """Asks every worker what it used, and ends them."""
        try:
            used = [self.executor.submit(worker.finish) for _ in range(self.workers)]
            for future in used:
                cpu, peak_rss_bytes = future.result()
                self.job.cpu = self.job.cpu.plus(cpu)
                self.job.peak_rss_bytes += peak_rss_bytes
            self.job.peak_pss_bytes = resource_usage.proportional_peak()
        except (BrokenExecutor, RuntimeError):
            # No worker is left to answer.
            pass
        finally:
            self.executor.shutdown(wait=True)
            self._stand_in.close()


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit status {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
