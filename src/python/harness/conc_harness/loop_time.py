"""Adds up the time for which a coroutine holds its event loop."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Generator
from typing import Any


class LoopTime:
    """Awaits something, and adds up the seconds for which its steps held the event loop."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.held_s = 0.0
        self._awaitable = awaitable

    def __await__(self) -> Generator[Any, Any, Any]:
        coroutine = _awaited(self._awaitable)
        step, value = coroutine.send, None
        while True:
            begun = time.perf_counter()
            try:
                waits_for = step(value)
            except StopIteration as end:
                return end.value
            finally:
                self.held_s += time.perf_counter() - begun
            step = coroutine.send
            try:
                value = yield waits_for
            except BaseException as error:
                # The task was cancelled, or the loop closed: that concerns the coroutine.
                step, value = coroutine.throw, error


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
