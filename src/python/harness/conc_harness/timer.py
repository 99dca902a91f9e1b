"""Time limits of a batch."""

from __future__ import annotations

from collections.abc import Callable

from .primitives import Flag, OwnThread


class Timer(OwnThread):
    """Calls `action` on its own thread, because tasks may block the event loop."""

    def __init__(self, seconds: float, action: Callable[[], object]) -> None:
        super().__init__()
        self._seconds = seconds
        self._action = action
        self._cancelled = Flag()

    def cancel(self) -> None:
        """Ends the thread without a call, if the time is not over."""
        self._cancelled.raise_it()

    def run(self) -> None:
        """Waits for the time, then calls."""
        if not self._cancelled.wait(self._seconds):
            self._action()


def after(seconds: float, action: Callable[[], object]) -> Timer:
    """Returns a timer that runs."""
    timer = Timer(seconds, action)
    timer.start()
    return timer


def stop_after(seconds: float) -> list[bool]:
    """Returns a list that is empty until the time is over."""
    stop: list[bool] = []
    after(seconds, lambda: stop.append(True))
    return stop
