"""The stages of a callable that blocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from time import sleep
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
        for item in shared.items[:1]:
            # What is paid once, such as loading something, is not a cost of the tasks.
            shared.begin(ALONE, shown(item))
            self._call(item)
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
        for _ in descriptors.recounts():
            sleep(leaks.NAP_S)
        descriptors.judge(shared.findings, watch.audit)
        shared.stage_ended(BLOCKING, shared.traced_stage)

    def _together(self) -> None:
        shared = self._shared
        shared.stage_begins(BLOCKING, TOGETHER)
        shared.begin_together()
        # What belongs to a thread is collected when the thread ends, which is conc's doing.
        with ThreadPoolExecutor(shared.width()) as pool, WarningWatch(shared.findings):
            for _ in as_completed([pool.submit(self._call, item) for item in shared.items]):
                shared.begin_together()
        shared.stage_ended(BLOCKING, TOGETHER)

    def _call(self, item: Any) -> None:
        self._shared.task_begins(item)
        try:
            result = self._function(item)
        except BaseException as error:
            self._shared.raised(item, error)
        else:
            self._shared.returned(item, result)
