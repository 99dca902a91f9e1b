"""What the stages of a check share: the tasks, what watches them, and what was found."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import perf_counter, process_time, thread_time
from typing import Any

from ..errors import EXHAUSTED
from ..program import Program
from ..requests import JsonObject
from ..resource_usage import RunQueue
from .faults import Faults, shown
from .finding_list import FindingList
from .leaks import WarningWatch
from .observer import Observer
from .probe import TOGETHER, TRACED, TRACING, Probe
from .probes import all_probes

# Tasks that together take no longer than this are traced up to a number, else two of them.
MAX_FULLY_TRACED_S = 2.0
MAX_TRACED = 20

# Tasks that run together at most.
MAX_TOGETHER = 32

# Share of the CPU time that threads of the tasks use, from which they compute.
THREADS_COMPUTE_FROM_SHARE = 0.2

# Tracing where every object was made makes a program slower by at most this factor.
MAX_TRACING_SLOWDOWN = 10.0


class Shared:
    """The tasks of a check and everything that looks at them."""

    def __init__(
        self,
        program: Program,
        limit_s: float,
        on_hang: Callable[[JsonObject], object],
        on_task: Callable[[str | None], object],
    ) -> None:
        self.program = program
        self.items = list(program.items())
        self.findings = FindingList()
        self.faults = Faults(self.findings)
        self.observer = Observer(on_hang)
        self.probes: list[Probe] = all_probes(self.findings)
        # The cost of each form.
        self.forms: list[JsonObject] = []
        # The items of tasks that are traced, and how.
        self.traced_items = self.items
        self.traced_stage, self.traced_limit_s = TRACED, limit_s
        # What was left open somewhere; tracing finds out where.
        self.unlocated: list[str] = []
        self._limit_s = limit_s
        self._on_task = on_task
        self._process = os.getpid()
        self._begun = (0.0, 0.0, 0.0, 0.0, 0.0)
        # Seconds that all tasks took one after another.
        self._alone_s = 0.0

    # Stages.

    def begin(self, stage: str, item: str | None = None, limit_s: float | None = None) -> None:
        """Notes what runs next; it hangs if it takes longer than the limit, by default that of a task."""
        self._on_task(item)
        self.observer.begin(stage, limit_s or self._limit_s, item)

    def begin_together(self) -> None:
        """Notes that tasks run together, or that one of them has just ended."""
        # At worst they compute, one at a time.
        in_turn_s = 2.0 * self._alone_s * self.width() / max(1, len(self.items))
        self.begin(TOGETHER, limit_s=self._limit_s + in_turn_s)

    def width(self) -> int:
        """Returns the number of tasks that run together."""
        return max(1, min(MAX_TOGETHER, len(self.items)))

    def stage_begins(self, form: str, stage: str) -> None:
        """Tells the probes that the first task of a stage is next."""
        for probe in self.probes:
            probe.stage_begins(form, stage)

    def stage_ended(self, form: str, stage: str) -> None:
        """Tells the probes that the last task of a stage has ended."""
        for probe in self.probes:
            probe.stage_ended(form, stage)

    def begin_alone(self, form: str) -> None:
        """Begins to measure tasks with which only the observer runs."""
        self.forms.append({"form": form, "wall_s": 0.0, "cpu_s": 0.0, "gil": None, "stalls": []})
        self.observer.forget()
        self._run_queue = RunQueue()
        self._begun = self._clocks()

    def end_alone(self) -> None:
        """Records the cost of these tasks."""
        clocks = zip(self._clocks(), self._begun)
        wall, queued, cpu, own, observing = (end - begun for end, begun in clocks)
        self._run_queue.close()
        count = max(1, len(self.items))
        gil = self.observer.gil()
        if cpu - own - observing < THREADS_COMPUTE_FROM_SHARE * cpu:
            # Threads that only wait need no GIL.
            gil["threads"] = 0
        observed = {"gil": gil, "stalls": self.observer.stalls()}
        self._alone_s = wall
        # A wait for a CPU is no time of the tasks.
        own_wall = max(wall - queued, own)
        self.forms[-1].update(wall_s=own_wall / count, cpu_s=cpu / count, **observed)
        self.observer.forget()
        self.traced_items = self.items[: MAX_TRACED if wall < MAX_FULLY_TRACED_S else 2]
        self.traced_stage, self.traced_limit_s = TRACED, self._limit_s

    def _clocks(self) -> tuple[float, float, float, float, float]:
        """Returns seconds: of the wall, of this thread in the run queue, and of CPUs: all, own, observing."""
        queued = self._run_queue.seconds() or 0.0
        return perf_counter(), queued, process_time(), thread_time(), self.observer.used_s

    def trace_more(self, unlocated: list[str]) -> None:
        """Prepares to run fewer tasks again, and slower, because some lines are still unknown."""
        self.traced_stage, self.traced_limit_s = TRACING, MAX_TRACING_SLOWDOWN * self._limit_s
        self.unlocated, self.traced_items = unlocated, self.traced_items[:2]

    def begin_traced(self, item: Any, watch: WarningWatch) -> None:
        """Notes the item of the traced task that runs next."""
        watch.item = shown(item)
        self.begin(self.traced_stage, watch.item, self.traced_limit_s)

    def add_unlocated(self) -> None:
        """Adds what was left open, without lines."""
        for text in self.unlocated:
            self.findings.add("resources", EXHAUSTED, text)

    # Tasks.

    def task_begins(self, item: Any) -> None:
        """Tells the probes that a task begins."""
        for probe in self.probes:
            probe.task_begins(item)

    def returned(self, item: Any, result: Any) -> None:
        """Judges the result of a task."""
        self.end_if_forked()
        for probe in self.probes:
            probe.task_ended(item, result)
        self.faults.returned(result, item)

    def raised(self, item: Any, error: BaseException) -> None:
        """Adds what a task let out."""
        self.end_if_forked()
        self.faults.raised(error, shown(item))

    def end_if_forked(self) -> None:
        """Ends a process that a task forked: it must not go on with the other tasks."""
        if os.getpid() != self._process:
            os._exit(0)
