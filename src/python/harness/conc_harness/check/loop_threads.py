"""Finds uses of an event loop, and of what waits on it, from a thread that does not run the loop.

Such a use does not wake the loop: what waits for it goes on much later, or never. While tasks are checked
it is made as it should be, so that the check goes on.
"""

from __future__ import annotations

import asyncio
import functools
import linecache
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import sentences, source_locations
from .finding_list import FindingList
from .probe import Probe

CHECK, CODE = "event-loop", "E-ASYNC-008"

# Typed as Any, because methods are replaced.
_loops: Any = asyncio.BaseEventLoop

# Methods that may only be called by the thread that runs the loop, also if nothing waits yet.
OWN_THREAD_ONLY: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (asyncio.Queue, ("put_nowait", "get_nowait", "task_done")),
    (asyncio.Event, ("set",)),
    (asyncio.Semaphore, ("release",)),
    (asyncio.Lock, ("release",)),
)

# Those whose result is needed at once.
RETURNING = ("get_nowait",)


class LoopThreads(Probe):
    """Replaces methods of event loops, queues and events while tasks are checked."""

    def __init__(self, findings: FindingList) -> None:
        self._findings = findings
        self._replaced: list[tuple[Any, str, Any]] = []

    def stage_begins(self, form: str, stage: str) -> None:
        """Replaces the methods."""
        if self._replaced:
            return
        self._replace(_loops, "call_soon", _soon)
        self._replace(_loops, "call_at", _at)
        self._replace(_loops, "create_future", _future)
        for kind, names in OWN_THREAD_ONLY:
            self._replace(kind, "__init__", _made)
            for name in names:
                self._replace(kind, name, _used)

    def all_ended(self) -> None:
        """Puts everything back."""
        while self._replaced:
            owner, name, original = self._replaced.pop()
            setattr(owner, name, original)

    def _replace(self, owner: Any, name: str, how: Callable[..., Any]) -> None:
        original = getattr(owner, name)
        self._replaced.append((owner, name, original))

        @functools.wraps(original)
        def method(self_: Any, *arguments: Any, **options: Any) -> Any:
            return how(self, original, self_, *arguments, **options)

        setattr(owner, name, method)

    def add(self) -> None:
        """Adds the line of the user that the calling thread is in."""
        location = source_locations.innermost(source_locations.frames_of_thread(sys._getframe()))
        if location is None:
            return
        line = linecache.getline(location.file, location.line)
        message = sentences.loop_of_other_thread(line, threading.current_thread().name)
        self._findings.add(CHECK, CODE, message, location)


def _is_elsewhere(loop: Any) -> bool:
    """Tells whether another thread than the calling one runs a loop."""
    return getattr(loop, "_thread_id", None) not in (None, threading.get_ident())


def _soon(probe: LoopThreads, original: Any, loop: Any, *arguments: Any, **options: Any) -> Any:
    if not _is_elsewhere(loop):
        return original(loop, *arguments, **options)
    probe.add()
    return loop.call_soon_threadsafe(*arguments, **options)


def _at(probe: LoopThreads, original: Any, loop: Any, *arguments: Any, **options: Any) -> Any:
    if not _is_elsewhere(loop):
        return original(loop, *arguments, **options)
    probe.add()
    return loop.call_soon_threadsafe(functools.partial(original, loop, *arguments, **options))


def _future(probe: LoopThreads, _original: Any, loop: Any) -> Any:
    future = _OwnThreadFuture(loop=loop)
    future.probe = probe
    return future


class _OwnThreadFuture(asyncio.Future):  # type: ignore[type-arg]
    """A future that tells if another thread than that of its loop sets it, waited for or not."""

    probe: LoopThreads

    def set_result(self, result: Any) -> None:
        """Sets the result."""
        self._look()
        super().set_result(result)

    def set_exception(self, exception: Any) -> None:
        """Sets the exception."""
        self._look()
        super().set_exception(exception)

    def _look(self) -> None:
        if _is_elsewhere(self.get_loop()):
            self.probe.add()


def _made(_probe: LoopThreads, original: Any, made: Any, *arguments: Any, **options: Any) -> None:
    original(made, *arguments, **options)
    made.conc_loop = asyncio._get_running_loop()


def _used(probe: LoopThreads, original: Any, used: Any, *arguments: Any, **options: Any) -> Any:
    loop = getattr(used, "conc_loop", None) or getattr(used, "_loop", None)
    if loop is None or not _is_elsewhere(loop):
        return original(used, *arguments, **options)
    probe.add()
    if original.__name__ in RETURNING:
        return original(used, *arguments, **options)
    return loop.call_soon_threadsafe(functools.partial(original, used, *arguments, **options))
