"""Retries of failing steps, and the limit on attempts per second."""

from __future__ import annotations

import asyncio
import fcntl
import mmap
import os
import struct
from math import inf
from typing import Any

from .callables import AnyCallable, Step
from .descriptors import moved
from .digest import MASK, digest
from .errors import TaskTimeout
from .primitives import allocate_lock, monotonic, monotonic_ns, sleep
from .requests import RetryPolicy, TaskLimits
from .results_file import reserve

# Bounds the doubling, so that no pause overflows.
MAX_DOUBLINGS = 20

# An idle bucket saves the tokens of this many seconds.
SAVED_SECONDS = 0.01


def limit_step(step: Step, index: int, limits: TaskLimits, bucket: TokenBucket | None) -> None:
    """Makes both forms of a step wait for the bucket, if there is one, and retry as the limits say."""
    if bucket is None and limits.retry is None:
        return
    retry = RetryPauses(limits.retry, index) if limits.retry is not None else None
    if step.blocking is not None:
        step.blocking = _limited_function(step.blocking, retry, bucket, limits.timeout_s)
    if step.coroutine is not None:
        step.coroutine = _limited_coroutine(step.coroutine, retry, bucket)


def _limited_function(
    function: AnyCallable, retry: RetryPauses | None, bucket: TokenBucket | None, timeout_s: float | None
) -> AnyCallable:
    def run(*item: Any) -> Any:
        attempt = 0
        # A thread cannot be interrupted at the timeout of its task, but it need not retry.
        end = monotonic() + timeout_s if timeout_s else inf
        while True:
            if bucket is not None:
                bucket.wait()
            try:
                return function(*item)
            except Exception:
                if retry is None or attempt >= retry.max_retries:
                    raise
            if monotonic() >= end:
                raise TaskTimeout()
            sleep(retry.pause_s(attempt, item))
            attempt += 1

    return run


def _limited_coroutine(
    coroutine: AnyCallable, retry: RetryPauses | None, bucket: TokenBucket | None
) -> AnyCallable:
    async def run(*item: Any) -> Any:
        attempt = 0
        while True:
            if bucket is not None:
                await bucket.wait_async()
            try:
                return await coroutine(*item)
            except Exception:
                if retry is None or attempt >= retry.max_retries:
                    raise
            await asyncio.sleep(retry.pause_s(attempt, item))
            attempt += 1

    return run


class RetryPauses:
    """Pauses between the attempts of one step, drawn evenly from 0 to a constant or doubling maximum."""

    def __init__(self, policy: RetryPolicy, step_index: int) -> None:
        self.max_retries = policy.max_retries
        self._base_s = policy.base_s
        self._doubles = policy.backoff == "exponential"
        self._seed = policy.seed + step_index

    def pause_s(self, retry: int, item: Any) -> float:
        """Returns the seconds before retry number `retry`, from 0; every process draws the same number."""
        longest = self._base_s * (1 << min(retry, MAX_DOUBLINGS) if self._doubles else 1)
        drawn = digest(f"{self._seed} {retry} {digest(item)}")
        return longest * drawn / (MASK + 1)


class TokenBucket:
    """A token bucket that all threads and processes of a batch share.

    The state is one number, the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371,
    annex A), in a file that is mapped into memory and locked while it changes. Every process and every
    interpreter opens the file itself, because such a lock belongs to the open file.
    """

    def __init__(self, path: str, rate_per_s: float) -> None:
        self._interval_ns = -int(-1e9 // rate_per_s)
        self._tolerance_ns = (max(1, int(rate_per_s * SAVED_SECONDS)) - 1) * self._interval_ns
        self._file = moved(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if os.fstat(self._file).st_size < 8:
            os.ftruncate(self._file, 8)
        reserve(self._file, 8)
        self._due = mmap.mmap(self._file, 8)
        self._lock = allocate_lock()
        # Sum of the pauses that callers in this process were given.
        self.waited_s = 0.0

    def wait(self) -> None:
        """Waits for a token."""
        pause = self.reserve()
        if pause:
            sleep(pause)

    async def wait_async(self) -> None:
        """Waits for a token on an event loop."""
        pause = self.reserve()
        if pause:
            await asyncio.sleep(pause)

    def reserve(self) -> float:
        """Takes a token and returns the seconds to wait before it may be used."""
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                now = monotonic_ns()
                (due,) = struct.unpack("Q", self._due[:])
                # A new bucket is empty, so that the shortest batch is no faster than its limit.
                due = max(due, now) if due else now + self._tolerance_ns + self._interval_ns
                self._due[:] = struct.pack("Q", due + self._interval_ns)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
            pause: float = max(0, due - self._tolerance_ns - now) * 1e-9
            self.waited_s += pause
        return pause
