"""Time limits of a batch."""

from __future__ import annotations

import threading
from collections.abc import Callable


def after(seconds: float, action: Callable[[], object]) -> threading.Timer:
    """Calls `action` on its own thread, because tasks may block the event loop."""
    timer = threading.Timer(seconds, action)
    timer.name = "conc-timer"
    timer.daemon = True
    timer.start()
    return timer


def stop_after(seconds: float) -> list[bool]:
    """Returns a list that is empty until the time is over."""
    stop: list[bool] = []
    after(seconds, lambda: stop.append(True))
    return stop
