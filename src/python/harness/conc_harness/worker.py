"""The code that runs in worker processes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any

from . import chunk_outcome, resource_usage, stack_dumps
from .chunk_outcome import ChunkOutcome, PackedOutcome
from .errors import CodedError
from .primitives import perf_counter_ns
from .program import ItemFunction, Program
from .resource_usage import CpuTime
from .results_file import SLOT_WORDS, ResultsFile
from .timer import after

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

    from .requests import JobRequest

# Workers wait this long for one another at the end. At the start they wait without a limit: so the watchdog
# of the parent sees at once when no other one comes.
BARRIER_LIMIT_S = 60.0

_worker: Worker | None = None

# A worker that is ready: its process, its number, and the code and the message of a failure.
Ready = tuple[int, int, "list[str] | None"]


class Worker:
    """The state of this process."""

    file: ResultsFile
    program: Program
    call: ItemFunction

    def __init__(self, request: JobRequest, barrier: Barrier) -> None:
        self.request = request
        self.barrier = barrier
        self.failure: list[str] | None = None
        self.number = 0
        self.cpu_before = CpuTime(0.0, 0.0)
        self._functions: dict[tuple[int, int], ItemFunction] = {}
        try:
            self.program = Program(request)
            self.call = self.program.on_main_thread()
        except CodedError as failure:
            self.failure = [failure.code, failure.message]

    def join(self) -> Ready:
        """Waits for the other workers and takes a number."""
        self.number = self.barrier.wait()
        file = self.request.results_file
        self.file = ResultsFile.open(file.path, file.tasks, file.slots)
        self.cpu_before = resource_usage.cpu()
        return os.getpid(), self.number, self.failure

    def steps_function(self, first: int, end: int) -> ItemFunction:
        """Returns steps `first` to `end` as a function."""
        if (first, end) not in self._functions:
            self._functions[first, end] = self.program.function(first, end)
        return self._functions[first, end]


def _this() -> Worker:
    assert _worker is not None, "the process was initialized"
    return _worker


def init(request: JobRequest, barrier: Barrier) -> None:
    """Prepares this process; `ready` reports a failure."""
    global _worker
    # A process that was not forked has no handler yet.
    stack_dumps.enable()
    _worker = Worker(request, barrier)


def ready() -> Ready:
    """Answers when all workers have started."""
    return _this().join()


def finish() -> tuple[CpuTime, int]:
    """Returns the CPU time of this process since it was ready, and its peak memory in bytes.

    The barrier makes sure that every worker answers once.
    """
    _this().barrier.wait(BARRIER_LIMIT_S)
    return resource_usage.cpu().since(_this().cpu_before), resource_usage.peak_rss()


def run_chunk(first: int, items: Sequence[Any]) -> PackedOutcome:
    """Runs tasks one after another, from task `first` on; `items` are their items."""
    this = _this()
    done = chunk_outcome.run_chunk(this.call, this.file, this.number, first, items)
    return done.pack(range(first, first + len(items)), ForkingPickler.dumps)


def run_steps(first: int, end: int, task: int, value: Any) -> PackedOutcome:
    """Runs steps `first` to `end` of one task."""
    this = _this()
    slots, slot = this.file.slots, SLOT_WORDS * this.number
    done = ChunkOutcome()
    with this.file:
        slots[slot] = task + 1
        try:
            done.values.append(this.steps_function(first, end)(value))
        except BaseException as error:
            done.values.append(None)
            done.fail(task, error)
        slots[slot] = 0
    return done.pack((task,), ForkingPickler.dumps)


def run_loop(tasks: Sequence[int], items: Sequence[Any], width: int, time_limit_s: float) -> PackedOutcome:
    """Runs tasks on an event loop of this process, `width` in flight."""
    import asyncio

    this = _this()
    latency, ended, slots = this.file.latency, this.file.ended, this.file.slots
    done = ChunkOutcome()
    values: dict[int, Any] = {}
    queue = deque(zip(tasks, items))
    call = this.program.coroutine()

    async def work(lane: int) -> None:
        slot, last = SLOT_WORDS * lane, this.file.free_since(lane)
        while queue:
            try:
                task, item = queue.popleft()
            except IndexError:
                break
            slots[slot] = task + 1
            try:
                values[task] = await call(item)
            except BaseException as error:
                done.fail(task, error)
            now = perf_counter_ns()
            latency[task], ended[task] = now - last, now
            last = now
        slots[slot], slots[slot + 2] = 0, last

    async def main() -> None:
        if any(step.coroutine is None for step in this.program.steps):
            # The default pool of a loop is smaller than most widths.
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(width))
        lanes = range(min(width, len(tasks)))
        await asyncio.gather(*(work(this.number * width + lane) for lane in lanes))

    after(time_limit_s, queue.clear)
    with this.file:
        asyncio.run(main())
    done.values = [values.get(task) for task in tasks]
    return done.pack(tasks, ForkingPickler.dumps)
