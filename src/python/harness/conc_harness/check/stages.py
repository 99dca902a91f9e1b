"""The stages of a check: tasks alone and untouched, alone and traced, and all together."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time
from typing import Any

from ..errors import EXHAUSTED
from ..program import Program
from ..requests import CheckRequest, JsonObject
from . import leaks
from .faults import Faults, shown
from .finding_list import FindingList
from .leaks import WarningWatch
from .observer import Observer

# Time in which everything that remains after the tasks must end.
ENDING_LIMIT_S = 5.0

# Tasks that together take no longer than this are all traced.
MAX_FULLY_TRACED_S = 2.0

# Tracing where every object was made makes a program slower by at most this factor.
MAX_TRACING_SLOWDOWN = 10.0

# Names of stages, as `CheckStage` in `src/python/check.rs` has them; "tracing" is not reported.
ALONE, TRACED, TRACING, TOGETHER, ENDING = "alone", "traced", "tracing", "together", "ending"


class Check:
    """A few tasks, and what was found about them."""

    def __init__(
        self,
        request: CheckRequest,
        on_hang: Callable[[JsonObject], object],
        on_task: Callable[[str | None], object],
    ) -> None:
        self.program = Program(request)
        self.items = list(self.program.items())
        self.left_threads = False
        self._process = os.getpid()
        self._limit_s = request.give_up_after_s
        self._findings = FindingList()
        self._faults = Faults(self._findings)
        self._observer = Observer(self._report_hang)
        self._on_hang = on_hang
        self._on_task = on_task
        self._unlocated: list[str] = []
        self._forms: list[JsonObject] = []
        self._begun = (0.0, 0.0)
        self._traced_items = self.items
        self._traced_stage, self._traced_limit_s = TRACED, self._limit_s
        self._cancelled: list[tuple[asyncio.CancelledError, Any]] = []

    def run(self) -> JsonObject:
        """Runs all stages and returns what was observed."""
        before = threading.enumerate()
        threading.excepthook = self._faults.in_thread
        sys.unraisablehook = self._faults.unraisable
        self._observer.start()
        if not self.program.needs_loop():
            self._check_blocking()
        if self.program.has_coroutine():
            self._check_async()
        self._observer.end()
        self.left_threads = leaks.add_leftovers(before, self._findings)
        self._observer.stop()
        return self._report()

    def _report(self, hang: JsonObject | None = None) -> JsonObject:
        return {
            "tasks": len(self.items),
            "has_gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
            "forms": self._forms,
            "findings": self._findings.report(),
            "hang": hang,
        }

    def _report_hang(self, hang: JsonObject) -> None:
        if hang["stage"] == TRACING:
            # Too slow to be traced, which is not a fault.
            for text in self._unlocated:
                self._findings.add("resources", EXHAUSTED, text)
            self._on_hang(self._report())
        else:
            self._on_hang(self._report(hang))

    def _begin(self, stage: str, item: str | None = None, limit_s: float | None = None) -> None:
        self._on_task(item)
        self._observer.begin(stage, limit_s or self._limit_s, item)

    # Stages.

    def _begin_alone(self, form: str) -> None:
        self._forms.append({"form": form, "wall_s": 0.0, "cpu_s": 0.0, "gil": None, "stalls": []})
        self._observer.forget()
        self._begun = perf_counter(), process_time()

    def _end_alone(self) -> None:
        """Records the cost of the tasks while only the observer ran with them."""
        wall, cpu = perf_counter() - self._begun[0], process_time() - self._begun[1]
        count = max(1, len(self.items))
        observed = {"gil": self._observer.gil(), "stalls": self._observer.stalls()}
        self._forms[-1].update(wall_s=wall / count, cpu_s=cpu / count, **observed)
        self._observer.forget()
        self._traced_items = self.items if wall < MAX_FULLY_TRACED_S else self.items[:2]

    def _run_traced(self, run: Callable[[WarningWatch], object]) -> None:
        """Runs tasks with all warnings on; again, and slower, if some lines are still unknown."""
        self._traced_stage, self._traced_limit_s = TRACED, self._limit_s
        with WarningWatch(self._findings) as watch:
            run(watch)
        if watch.unlocated:
            self._traced_stage, self._traced_limit_s = TRACING, MAX_TRACING_SLOWDOWN * self._limit_s
            self._unlocated, self._traced_items = watch.unlocated, self._traced_items[:2]
            with WarningWatch(self._findings, is_tracing=True) as watch:
                run(watch)
            self._unlocated = []

    # Tasks that block.

    def _check_blocking(self) -> None:
        call = self.program.function()
        self._begin_alone("blocking")
        for item in self.items:
            self._call_alone(call, ALONE, item)
        self._end_alone()
        self._run_traced(lambda watch: self._call_traced(call, watch))
        self._begin(TOGETHER)
        with WarningWatch(self._findings), ThreadPoolExecutor(max(1, len(self.items))) as pool:
            list(pool.map(lambda item: self._call(call, item), self.items))

    def _call_traced(self, call: Callable[[Any], Any], watch: WarningWatch) -> None:
        descriptors = leaks.DescriptorCounts()
        for item in self._traced_items:
            watch.item = shown(item)
            self._call_alone(call, self._traced_stage, item, self._traced_limit_s)
            watch.collect()
            descriptors.count()
        descriptors.judge(self._findings, watch.audit)

    def _call_alone(
        self, call: Callable[[Any], Any], stage: str, item: Any, limit_s: float | None = None
    ) -> None:
        self._begin(stage, shown(item), limit_s)
        self._call(call, item)

    def _call(self, call: Callable[[Any], Any], item: Any) -> None:
        try:
            result = call(item)
        except BaseException as error:
            self._end_if_forked()
            self._faults.raised(error, shown(item))
        else:
            self._end_if_forked()
            self._faults.returned(result, item)

    def _end_if_forked(self) -> None:
        """Ends a process that a task forked: it must not go on with the other tasks."""
        if os.getpid() != self._process:
            os._exit(0)

    # Tasks that are awaited.

    def _check_async(self) -> None:
        call = self.program.inline_coroutine()
        self._begin_alone("async")
        self._run_loop(self._await_alone(call), debug=False)
        self._end_alone()
        self._run_traced(lambda watch: self._run_loop(self._await_traced(call, watch), debug=True))
        with WarningWatch(self._findings):
            self._run_loop(self._await_together(call), debug=True)

    def _run_loop(self, coroutine: Coroutine[Any, Any, None], debug: bool) -> None:
        """Runs a coroutine on a new loop."""
        self._cancelled = []
        try:
            asyncio.run(coroutine, debug=debug)
        except BaseException as error:
            # Such as SystemExit in one of the user's tasks: it ends the loop and the other tasks.
            self._faults.raised(error, None)
        else:
            for cancelled, item in self._cancelled:
                self._faults.raised(cancelled, shown(item))

    async def _await_alone(self, call: Callable[[Any], Awaitable[Any]]) -> None:
        self._observer.watch_loop(self._prepare_loop())
        for item in self.items:
            self._begin(ALONE, shown(item))
            await self._await(call, item)
        self._observer.leave_loop()
        self._begin(ENDING, limit_s=ENDING_LIMIT_S)

    async def _await_traced(self, call: Callable[[Any], Awaitable[Any]], watch: WarningWatch) -> None:
        self._prepare_loop()
        descriptors = leaks.DescriptorCounts()
        left: list[list[asyncio.Task[Any]]] = []
        for item in self._traced_items:
            watch.item = shown(item)
            self._begin(self._traced_stage, watch.item, self._traced_limit_s)
            known = asyncio.all_tasks()
            await self._await(call, item)
            left.append(await _started_since(known))
            watch.collect()
            descriptors.count()
        # A task that only the first item leaves serves all of them; one that each item leaves is a fault.
        if sum(map(bool, left)) >= min(2, len(left)):
            self._faults.left_over(task for tasks in left for task in tasks)
        descriptors.judge(self._findings, watch.audit)
        self._begin(ENDING, limit_s=ENDING_LIMIT_S)

    async def _await_together(self, call: Callable[[Any], Awaitable[Any]]) -> None:
        self._prepare_loop()
        self._begin(TOGETHER)
        await asyncio.gather(*(self._await(call, item) for item in self.items))
        self._begin(ENDING, limit_s=ENDING_LIMIT_S)

    def _prepare_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = float("inf")
        loop.set_exception_handler(self._faults.reported_by_loop)
        return loop

    async def _await(self, call: Callable[[Any], Awaitable[Any]], item: Any) -> None:
        try:
            result = await call(item)
            self._end_if_forked()
        except GeneratorExit:
            raise
        except asyncio.CancelledError as error:
            # The loop itself may be ending; `_run_loop` knows.
            self._cancelled.append((error, item))
        except BaseException as error:
            self._faults.raised(error, shown(item))
        else:
            self._faults.returned(result, item)


async def _started_since(known: Iterable[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """Returns the tasks that were started since and still run after they could have ended."""
    for _ in range(3):
        await asyncio.sleep(0)
    return [task for task in asyncio.all_tasks() - set(known) if task is not asyncio.current_task()]
