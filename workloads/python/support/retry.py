"""Trying again: when, and after how long."""

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


class Unavailable(Exception):
    """The server cannot answer now; trying again later may help."""


TRANSIENT = (Unavailable, ConnectionError, TimeoutError, socket.timeout, asyncio.TimeoutError)
"""What trying again may help against. The three timeouts are one from Python 3.11 on."""


def call(task: Callable[[int], T]) -> T:
    """What ``task`` returns; it is called with the number of the try, from 0."""
    for attempt, delay in enumerate(delays()):
        try:
            return task(attempt)
        except TRANSIENT:
            time.sleep(delay)
    return task(TRIES - 1)


async def call_async(task: Callable[[int], Awaitable[T]]) -> T:
    """What ``task`` returns; it is called with the number of the try, from 0."""
    for attempt, delay in enumerate(delays()):
        try:
            return await task(attempt)
        except TRANSIENT:
            await asyncio.sleep(delay)
    return await task(TRIES - 1)


def delays() -> Iterator[float]:
    """Seconds to wait before each further try: exponential backoff with full jitter.

    Jitter keeps clients that failed together from coming back together. See Brooker, "Exponential
    Backoff And Jitter" (AWS Architecture Blog, 2015).
    """
    for number in range(TRIES - 1):
        yield random.uniform(0, BASE_S * 2**number)


def checked(status: int, body: bytes) -> bytes:
    """The body of an answer that is one."""
    if status == 503:
        raise Unavailable("status 503")
    if status != 200:
        raise ValueError(f"status {status}")
    return body
