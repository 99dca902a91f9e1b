"""The stages of a callable that is awaited, on one event loop: what a module owns belongs to its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from . import leaks
from .faults import shown
from .leaks import WarningWatch
from .probe import ALONE, ASYNC, ENDING, TOGETHER
from .shared import Shared

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
        left: list[list[asyncio.Task[Any]]] = []
        for item in shared.traced_items:
            shared.begin_traced(item, watch)
            known = asyncio.all_tasks()
            await self._await(item)
            left.append(await _started_since(known))
            watch.collect()
            descriptors.count()
        # A task that only the first item leaves serves all of them; one that each item leaves is a fault.
        if sum(map(bool, left)) >= min(2, len(left)):
            shared.faults.left_over(task for tasks in left for task in tasks)
        descriptors.judge(shared.findings, watch.audit)
        shared.stage_ended(ASYNC, shared.traced_stage)

    async def _together(self) -> None:
        shared = self._shared
        await _set_debug(True)
        shared.stage_begins(ASYNC, TOGETHER)
        shared.begin(TOGETHER)
        with WarningWatch(shared.findings):
            await asyncio.gather(*map(self._await, shared.items))
        shared.stage_ended(ASYNC, TOGETHER)

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


async def _started_since(known: Iterable[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """Returns the tasks that were started since and still run after they could have ended."""
    for _ in range(3):
        await asyncio.sleep(0)
    return [task for task in asyncio.all_tasks() - set(known) if task is not asyncio.current_task()]
