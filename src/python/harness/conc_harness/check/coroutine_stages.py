"""The stages of a callable that is awaited, on one event loop: what a module owns belongs to its loop."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from time import perf_counter
from typing import Any

from . import leaks
from .faults import shown
from .leaks import WarningWatch
from .probe import ALONE, ASYNC, ENDING, TOGETHER
from .shared import Shared

# Containers in which programs keep tasks that they have started.
CONTAINERS = (set, dict, list, deque, tuple)

# Time in which everything that remains after the tasks must end.
ENDING_LIMIT_S = 5.0


class CoroutineStages:
    """Awaits the coroutine alone, alone and traced, and with all items together."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._coroutine = shared.program.inline_coroutine()
        self._left: list[Callable[[], Awaitable[None]]] = [self._alone, self._traced, self._together]
        self._cancelled: list[tuple[asyncio.CancelledError, Any]] = []

    def run(self) -> None:
        """Runs all stages, on another loop those that a task prevents by ending its loop."""
        while self._left:
            try:
                asyncio.run(self._run_stages())
            except BaseException as error:
                # Such as SystemExit in one of the user's tasks.
                self._shared.faults.raised(error, None)

    async def _run_stages(self) -> None:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = float("inf")
        loop.set_exception_handler(self._shared.faults.reported_by_loop)
        while self._left:
            stage, self._cancelled = self._left.pop(0), []
            await stage()
            for cancelled, item in self._cancelled:
                self._shared.faults.raised(cancelled, shown(item))
        self._shared.begin(ENDING, limit_s=ENDING_LIMIT_S)

    async def _alone(self) -> None:
        shared = self._shared
        shared.stage_begins(ASYNC, ALONE)
        for item in shared.items[:1]:
            # What is paid once, such as loading something, is not a cost of the tasks.
            shared.begin(ALONE, shown(item))
            await self._await(item)
        shared.begin_alone(ASYNC)
        shared.observer.watch_loop(asyncio.get_running_loop())
        for item in shared.items:
            shared.begin(ALONE, shown(item))
            await self._await(item)
        shared.observer.leave_loop()
        shared.end_alone()
        shared.stage_ended(ASYNC, ALONE)

    async def _traced(self) -> None:
        await _set_debug(True)
        with WarningWatch(self._shared.findings) as watch:
            await self._await_traced(watch)
        if watch.unlocated:
            self._shared.trace_more(watch.unlocated)
            with WarningWatch(self._shared.findings, is_tracing=True) as watch:
                await self._await_traced(watch)
            self._shared.unlocated = []

    async def _await_traced(self, watch: WarningWatch) -> None:
        shared = self._shared
        shared.stage_begins(ASYNC, shared.traced_stage)
        descriptors = leaks.DescriptorCounts()
        left: list[Started] = []
        for item in shared.traced_items:
            shared.begin_traced(item, watch)
            known = asyncio.all_tasks()
            await self._await(item)
            left.append(await _started_since(known))
            del known
            watch.collect()
            descriptors.count()
        await self._judge_left(left)
        for _ in descriptors.recounts():
            await asyncio.sleep(leaks.NAP_S)
        descriptors.judge(shared.findings, watch.audit)
        shared.stage_ended(ASYNC, shared.traced_stage)

    async def _judge_left(self, left: list[Started]) -> None:
        """Adds the tasks that the tasks of the items left running.

        A task that only the first item leaves serves all of them. One that each item leaves is a fault,
        unless the program keeps it somewhere and it soon ends by itself.
        """
        end = perf_counter() + leaks.GRACE_S
        while _is_left_by_each(left) and all(map(_is_kept, _running(left))) and perf_counter() < end:
            await asyncio.sleep(leaks.NAP_S)
        if _is_left_by_each(left):
            self._shared.faults.left_over(_running(left))

    async def _together(self) -> None:
        shared = self._shared
        await _set_debug(True)
        shared.stage_begins(ASYNC, TOGETHER)
        shared.begin_together()
        items = iter(shared.items)
        with WarningWatch(shared.findings):
            await asyncio.gather(*(self._await_some(items) for _ in range(shared.width())))
        shared.stage_ended(ASYNC, TOGETHER)

    async def _await_some(self, items: Iterator[Any]) -> None:
        for item in items:
            await self._await(item)
            self._shared.begin_together()

    async def _await(self, item: Any) -> None:
        self._shared.task_begins(item)
        try:
            result = await self._coroutine(item)
        except GeneratorExit:
            raise
        except asyncio.CancelledError as error:
            # The loop itself may be ending; then the stage does not end.
            self._cancelled.append((error, item))
        except BaseException as error:
            self._shared.raised(item, error)
        else:
            self._shared.returned(item, result)


async def _set_debug(is_on: bool) -> None:
    """Makes the running loop record where tasks and coroutines are made, or no longer."""
    asyncio.get_running_loop().set_debug(is_on)
    # The loop does it soon, not now.
    await asyncio.sleep(0)


# Tasks that the task of one item left running; nothing here keeps them alive.
Started = list["weakref.ref[asyncio.Task[Any]]"]


async def _started_since(known: Iterable[asyncio.Task[Any]]) -> Started:
    """Returns the tasks that were started since and still run after they could have ended."""
    for _ in range(3):
        await asyncio.sleep(0)
    started = asyncio.all_tasks() - set(known)
    return [weakref.ref(task) for task in started if task is not asyncio.current_task()]


def _running(left: Iterable[Started]) -> Iterator[asyncio.Task[Any]]:
    """Returns the tasks that still run."""
    for reference in (reference for tasks in left for reference in tasks):
        task = reference()
        if task is not None and not task.done():
            yield task


def _is_left_by_each(left: list[Started]) -> bool:
    """Tells whether more than the first item still has a task running."""
    return sum(any(True for _ in _running([tasks])) for tasks in left) >= min(2, len(left))


def _is_kept(task: asyncio.Task[Any]) -> bool:
    """Tells whether the program refers to a task: otherwise it may be collected before it ends."""
    return any(isinstance(referrer, CONTAINERS) for referrer in gc.get_referrers(task))
