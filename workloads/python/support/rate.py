"""A rate limit that blocking and asynchronous code share."""

from __future__ import annotations

import asyncio
import threading
import time


class RateLimiter:
    """Spaces starts evenly, at most ``per_s`` of them per second for all callers together.

    A start is reserved under a lock and awaited outside it, so that threads and coroutines can share
    a limiter without blocking each other.
    """

    def __init__(self, per_s: float) -> None:
        self._interval = 1 / per_s
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Blocks until it is this caller's turn."""
        time.sleep(self._reserve())

    async def wait_async(self) -> None:
        """Suspends the coroutine until it is this caller's turn."""
        await asyncio.sleep(self._reserve())

    def _reserve(self) -> float:
        """Takes the next free start and returns the seconds until then."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._interval
        return start - now
