"""A rate limit that blocking and asynchronous code share."""

from __future__ import annotations

import asyncio
import threading
import time


class RateLimiter:
    """Spaces starts evenly: no more than ``per_s`` of them in a second, whoever asks.

    A start is reserved under a lock and waited for outside it, so that threads and coroutines may
    use one limiter and none of them holds up another.
    """

    def __init__(self, per_s: float) -> None:
        self._interval = 1 / per_s
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Blocks until it is this caller's turn."""
        time.sleep(self._reserve())

    async def wait_async(self) -> None:
        """Lets other coroutines run until it is this caller's turn."""
        await asyncio.sleep(self._reserve())

    def _reserve(self) -> float:
        """Takes the next free start, and says in how many seconds it is."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._interval
        return start - now
