"""A check: tasks alone and untouched, alone and traced, and all together."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from ..program import Program
from ..requests import CheckRequest, JsonObject
from . import leaks
from .coroutine_stages import CoroutineStages
from .function_stages import FunctionStages
from .probe import TRACING
from .shared import Shared


class Check:
    """A few tasks, and what was found about them."""

    def __init__(
        self,
        request: CheckRequest,
        on_hang: Callable[[JsonObject], object],
        on_task: Callable[[str | None], object],
    ) -> None:
        self._shared = Shared(Program(request), request.give_up_after_s, self._report_hang, on_task)
        self._on_hang = on_hang
        # A thread that still runs would keep the interpreter from ending.
        self.left_threads = False

    def run(self) -> JsonObject:
        """Runs all stages and returns what was observed."""
        shared, before = self._shared, threading.enumerate()
        threading.excepthook = shared.faults.in_thread
        sys.unraisablehook = shared.faults.unraisable
        shared.observer.start()
        if not shared.program.needs_loop():
            FunctionStages(shared).run()
        if shared.program.has_coroutine():
            CoroutineStages(shared).run()
        shared.observer.end()
        for probe in shared.probes:
            probe.all_ended()
        self.left_threads = leaks.are_threads_left(before)
        shared.observer.stop()
        return self._report()

    def _report(self, hang: JsonObject | None = None) -> JsonObject:
        return {
            "tasks": len(self._shared.items),
            "has_gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
            "forms": self._shared.forms,
            "findings": self._shared.findings.report(),
            "hang": hang,
        }

    def _report_hang(self, hang: JsonObject) -> None:
        if hang["stage"] == TRACING:
            # Too slow to be traced, which is not a fault.
            self._shared.add_unlocated()
            self._on_hang(self._report())
        else:
            self._on_hang(self._report(hang))
