"""Retries: for which failures, and after which pauses."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Awaitable, Iterator
from typing import Callable, TypeVar

T = TypeVar("T")

TRIES = 4
BASE_S = 0.02


class UnavailableError(Exception):
    """The server cannot answer now; a retry may help."""


TRANSIENT = (UnavailableError, ConnectionError, TimeoutError, socket.timeout, asyncio.TimeoutError)
"""Failures that a retry may help against. From Python 3.11 on the three timeouts are one class."""


def call(task: Callable[[int], T]) -> T:
    """Returns the result of ``task``, which is called with the number of the attempt, from 0."""
    for attempt, delay in enumerate(delays()):
        try:
            return task(attempt)
        except TRANSIENT:
            time.sleep(delay)
    return task(TRIES - 1)


async def call_async(task: Callable[[int], Awaitable[T]]) -> T:
    """Returns the result of ``task``, which is called with the number of the attempt, from 0."""
    for attempt, delay in enumerate(delays()):
        try:
            return await task(attempt)
        except TRANSIENT:
            await asyncio.sleep(delay)
    return await task(TRIES - 1)


def delays() -> Iterator[float]:
    """Yields the seconds to wait before each retry: exponential backoff with full jitter.

    Jitter keeps clients that failed together from retrying together. See Brooker, "Exponential
    Backoff And Jitter" (AWS Architecture Blog, 2015).
    """
    for number in range(TRIES - 1):
        yield random.uniform(0, BASE_S * 2**number)


def checked(status: int, body: bytes) -> bytes:
    """Returns the body of a successful answer."""
    if status == 503:
        raise UnavailableError("status 503")
    if status != 200:
        raise ValueError(f"status {status}")
    return body
