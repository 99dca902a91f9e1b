"""The stages of a callable that blocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import leaks
from .faults import shown
from .leaks import WarningWatch
from .probe import ALONE, BLOCKING, TOGETHER
from .shared import Shared


class FunctionStages:
    """Calls the function alone, alone and traced, and with all items together."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._function = shared.program.function()

    def run(self) -> None:
        """Runs all stages."""
        self._alone()
        self._traced()
        self._together()

    def _alone(self) -> None:
        shared = self._shared
        shared.stage_begins(BLOCKING, ALONE)
        shared.begin_alone(BLOCKING)
        for item in shared.items:
            shared.begin(ALONE, shown(item))
            self._call(item)
        shared.end_alone()
        shared.stage_ended(BLOCKING, ALONE)

    def _traced(self) -> None:
        with WarningWatch(self._shared.findings) as watch:
            self._call_traced(watch)
        if watch.unlocated:
            self._shared.trace_more(watch.unlocated)
            with WarningWatch(self._shared.findings, is_tracing=True) as watch:
                self._call_traced(watch)
            self._shared.unlocated = []

    def _call_traced(self, watch: WarningWatch) -> None:
        shared = self._shared
        shared.stage_begins(BLOCKING, shared.traced_stage)
        descriptors = leaks.DescriptorCounts()
        for item in shared.traced_items:
            shared.begin_traced(item, watch)
            self._call(item)
            watch.collect()
            descriptors.count()
        descriptors.judge(shared.findings, watch.audit)
        shared.stage_ended(BLOCKING, shared.traced_stage)

    def _together(self) -> None:
        shared = self._shared
        shared.stage_begins(BLOCKING, TOGETHER)
        shared.begin(TOGETHER)
        with WarningWatch(shared.findings), ThreadPoolExecutor(max(1, len(shared.items))) as pool:
            list(pool.map(self._call, shared.items))
        shared.stage_ended(BLOCKING, TOGETHER)

    def _call(self, item: Any) -> None:
        self._shared.task_begins(item)
        try:
            result = self._function(item)
        except BaseException as error:
            self._shared.raised(item, error)
        else:
            self._shared.returned(item, result)
