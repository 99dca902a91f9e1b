"""Interrupts a task of the main thread at its timeout, with a signal that no program uses.

SIGALRM belongs to the user's code, which may set timers and handlers of its own.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from .errors import TaskTimeout
from .primitives import OwnThread, get_ident, monotonic, sleep

# macOS has no such signals.
SIGNAL = int(signal.SIGRTMAX) - 5 if hasattr(signal, "SIGRTMAX") else int(signal.SIGALRM)


class Alarm(OwnThread):
    """Raises TaskTimeout in the main thread, which makes it, once a task has run for too long."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s
        self._main = get_ident()
        # The time at which the task of now is overdue; 0 between tasks.
        self._due_s = 0.0
        self._has_rung = False
        signal.signal(SIGNAL, self._ring)

    def call(self, function: Any, item: Any) -> Any:
        """Returns what the function returns; raises TaskTimeout if that took too long."""
        self._has_rung = False
        self._due_s = monotonic() + self._timeout_s
        try:
            result = function(item)
        finally:
            self._due_s = 0.0
        if self._has_rung:
            # The task has caught the exception and gone on.
            raise TaskTimeout()
        return result

    def run(self) -> None:
        """Sends the signal whenever a task is overdue."""
        while True:
            left_s = self._due_s - monotonic()
            # A task that begins meanwhile is overdue later than that.
            sleep(min(self._timeout_s, left_s) if left_s > 0.0 else self._timeout_s)
            if 0.0 < self._due_s <= monotonic():
                signal.pthread_kill(self._main, SIGNAL)

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        if 0.0 < self._due_s <= monotonic():
            self._has_rung = True
            # Once more if the task goes on.
            self._due_s += self._timeout_s
            raise TaskTimeout()
