"""What a workload says about attempts: how often a failing step is tried again, how many may start a second."""

import asyncio
import fcntl
import mmap
import os
import struct
import threading
from math import inf
from time import monotonic, monotonic_ns, sleep

from .digest import MASK, digest
from .errors import TaskTimeout

# Bounds the doubling, so that no pause overflows.
MOST_DOUBLINGS = 20

# The share of a second whose tokens an idle bucket saves up.
SAVED_SECONDS = 0.01


def limited(step, index, order, bucket):
    """Makes both forms of a step wait for the bucket and try again, as far as the workload says so."""
    if bucket is None and not order.get("retry"):
        return
    retry = Retry(order["retry"], index) if order.get("retry") else None
    if step.blocking is not None:
        step.blocking = _function(step.blocking, retry, bucket, order.get("timeout_s"))
    if step.coroutine is not None:
        step.coroutine = _coroutine(step.coroutine, retry, bucket)


def _function(function, retry, bucket, timeout):
    def run(*value):
        attempt = 0
        # A thread cannot be interrupted at the timeout of its task, but it need not try again.
        end = monotonic() + timeout if timeout else inf
        while True:
            if bucket is not None:
                bucket.wait()
            try:
                return function(*value)
            except Exception:
                if retry is None or attempt >= retry.most:
                    raise
            if monotonic() >= end:
                raise TaskTimeout()
            sleep(retry.pause(attempt, value))
            attempt += 1

    return run


def _coroutine(coroutine, retry, bucket):
    async def run(*value):
        attempt = 0
        while True:
            if bucket is not None:
                await bucket.wait_async()
            try:
                return await coroutine(*value)
            except Exception:
                if retry is None or attempt >= retry.most:
                    raise
            await asyncio.sleep(retry.pause(attempt, value))
            attempt += 1

    return run


class Retry:
    """Pauses between attempts: constant or doubled each time, drawn evenly from nothing to the whole."""

    def __init__(self, policy, index):
        self.most = policy["max"]
        self.base_s = policy["base_s"]
        self.doubles = policy["backoff"] == "exponential"
        self.seed = policy["seed"] + index

    def pause(self, retry, value):
        """Seconds before retry number `retry`, from 0; the same for the same value in every process."""
        longest = self.base_s * (1 << min(retry, MOST_DOUBLINGS) if self.doubles else 1)
        drawn = digest("%d %d %d" % (self.seed, retry, digest(value)))
        return longest * drawn / (MASK + 1)


class Bucket:
    """A token bucket that all threads and processes of a batch share.

    It is one number, the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371,
    annex A), in a file that is mapped into memory and locked while it is changed. Every process, and
    every interpreter, opens it for itself: such locks belong to what was opened.
    """

    def __init__(self, path, rate_per_s):
        self.interval = -int(-1e9 // rate_per_s)
        self.tolerance = (max(1, int(rate_per_s * SAVED_SECONDS)) - 1) * self.interval
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(self._file).st_size < 8:
            os.ftruncate(self._file, 8)
        self._due = mmap.mmap(self._file, 8)
        self._lock = threading.Lock()
        # Seconds that whoever asked here had to wait.
        self.waited_s = 0.0

    def wait(self):
        """Waits for a token."""
        pause = self.reserve()
        if pause:
            sleep(pause)

    async def wait_async(self):
        """Waits for a token on an event loop."""
        pause = self.reserve()
        if pause:
            await asyncio.sleep(pause)

    def reserve(self):
        """Takes a token; the seconds to wait before it may be used."""
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                now = monotonic_ns()
                (due,) = struct.unpack("Q", self._due[:])
                # A new bucket is empty, so that the shortest batch is no faster than its limit.
                due = max(due, now) if due else now + self.tolerance + self.interval
                self._due[:] = struct.pack("Q", due + self.interval)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
            pause = max(0, due - self.tolerance - now) * 1e-9
            self.waited_s += pause
        return pause
