"""Clocks, locks and threads of the system, taken before any module of the user can replace them.

Libraries such as gevent, and stand-ins of tests, put their own functions in the place of those of
`threading`, `time`, `queue` and `select`. What conc measures and watches with must not change with that. The
strategies themselves use what the user's programs get, so they look it up when they run.
"""

from __future__ import annotations

import _thread
import os
from collections.abc import Callable
from select import select
from time import (
    monotonic,
    monotonic_ns,
    perf_counter,
    perf_counter_ns,
    process_time,
    sleep,
    thread_time,
)

allocate_lock = _thread.allocate_lock
get_ident = _thread.get_ident
get_native_id: Callable[[], int] = getattr(_thread, "get_native_id", _thread.get_ident)
_start_new_thread = _thread.start_new_thread

__all__ = (
    "Flag",
    "OwnThread",
    "allocate_lock",
    "count_own",
    "get_ident",
    "get_native_id",
    "is_own",
    "own_native_ids",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "select",
    "sleep",
    "thread_time",
)

# A thread has ended this soon after it was joined, on a busy machine too.
LONGEST_END_S = 0.2

# The identities of the threads of conc that run, in Python and in the system.
_own: set[int] = set()
_own_native: set[int] = set()

if hasattr(os, "register_at_fork"):
    # They are no threads of a child, which may use their identities again.
    os.register_at_fork(after_in_child=_own.clear)
    os.register_at_fork(after_in_child=_own_native.clear)


def is_own(ident: int) -> bool:
    """Tells whether a thread of this process is one of conc's."""
    return ident in _own


def own_native_ids() -> frozenset[int]:
    """Returns the threads of conc that run in this process, as the system counts them."""
    return frozenset(_own_native)


def count_own() -> int:
    """Returns the number of threads of conc that run in this process."""
    return len(_own)


class Flag:
    """A flag that one thread raises and one other waits for."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()
        self._is_raised = False

    def raise_it(self) -> None:
        """Raises the flag."""
        if not self._is_raised:
            self._is_raised = True
            self._lock.release()

    def is_raised(self) -> bool:
        """Tells whether the flag is up."""
        return self._is_raised

    def wait(self, seconds: float = -1.0) -> bool:
        """Waits until the flag is up, at most for so long unless that is negative; tells whether it is up."""
        if not self._is_raised and self._lock.acquire(timeout=seconds):
            self._lock.release()
        return self._is_raised


class OwnThread:
    """A thread of conc, of which `threading` does not know."""

    def __init__(self) -> None:
        self.native_id: int | None = None
        self._begun = Flag()
        self._ended = Flag()

    def start(self) -> None:
        """Starts the thread, and returns when it runs."""
        _start_new_thread(self._run, ())
        self._begun.wait()

    def is_alive(self) -> bool:
        """Tells whether the thread runs."""
        return self._begun.is_raised() and not self._ended.is_raised()

    def join(self) -> None:
        """Waits for the end of the thread, until the system no longer knows of it."""
        if not self._begun.is_raised():
            return
        self._ended.wait()
        # A thread that was joined still ends, and a fork is refused beside another thread.
        deadline = monotonic() + LONGEST_END_S
        while os.path.exists(f"/proc/self/task/{self.native_id}") and monotonic() < deadline:
            sleep(0.0005)

    def run(self) -> None:
        """Does the work of the thread."""
        raise NotImplementedError

    def _run(self) -> None:
        ident = get_ident()
        _own.add(ident)
        self.native_id = native_id = get_native_id()
        _own_native.add(native_id)
        self._begun.raise_it()
        try:
            self.run()
        finally:
            _own.discard(ident)
            _own_native.discard(native_id)
            self._ended.raise_it()
