"""Callables with the limits that the workload files beside them set."""

from __future__ import annotations

import asyncio
import threading
import time

_tried: set[int] = set()
_tried_lock = threading.Lock()


def quick(item: int) -> int:
    """Waits for 5 ms in a blocking call."""
    time.sleep(0.005)
    return item


async def quick_async(item: int) -> int:
    """Waits for 5 ms in a coroutine."""
    await asyncio.sleep(0.005)
    return item


def flaky(item: int) -> int:
    """Waits for 5 ms; the first attempt of every fourth item fails, as often as it is repeated."""
    time.sleep(0.005)
    with _tried_lock:
        is_first = int(item) % 4 == 0 and item not in _tried
        (_tried.add if is_first else _tried.discard)(item)
    if is_first:
        raise ConnectionError(f"try {item} again")
    return item


async def stuck(item: int) -> int:
    """Waits for 10 ms, for one item in fifty far longer than the timeout."""
    await asyncio.sleep(60 if int(item) % 50 == 7 else 0.01)
    return item


def parse(item: int) -> int:
    """Computes for about 2 ms with the GIL held."""
    total = int(item)
    for number in range(40_000):
        total += number % 7
    return total


def store(item: int) -> int:
    """Waits for 10 ms in a blocking call that has no coroutine."""
    time.sleep(0.01)
    return item
