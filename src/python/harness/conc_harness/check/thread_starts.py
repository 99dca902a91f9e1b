"""Finds threads that never end, and the lines that started them."""

from __future__ import annotations

import functools
import sys
import threading
import weakref
from collections import defaultdict
from time import monotonic
from typing import Any

from ..errors import EXHAUSTED
from ..thread_frames import current_frames
from . import leaks, sentences, source_locations
from .finding_list import FindingList
from .probe import TRACED, Probe
from .source_locations import Location

CHECK = "resources"

# Time in which threads that are about to end do so.
GRACE_S = 1.0

# Calls that have to leave a thread each, for their number to grow.
MIN_CALLS = 2


class ThreadStarts(Probe):
    """Remembers the line that starts each thread, and adds those that remain."""

    def __init__(self, findings: FindingList) -> None:
        self._findings = findings
        self._before = weakref.WeakSet(threading.enumerate())
        self._lines: weakref.WeakKeyDictionary[threading.Thread, Location] = weakref.WeakKeyDictionary()
        # Threads that traced tasks started, one after another; what serves all calls was started before.
        self._traced: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._start: Any = None
        self._is_traced = False
        self._tasks = 0

    def task_begins(self, item: Any) -> None:
        """Counts the traced tasks."""
        self._tasks += self._is_traced

    def stage_begins(self, form: str, stage: str) -> None:
        """Replaces the method that starts a thread."""
        self._is_traced = stage == TRACED
        if self._is_traced:
            self._tasks = 0
        if self._start is not None:
            return
        self._start = original = threading.Thread.start

        @functools.wraps(original)
        def start(thread: threading.Thread) -> None:
            location = source_locations.innermost(source_locations.frames_of_thread(sys._getframe()))
            if location is not None:
                self._lines[thread] = location
                if self._is_traced:
                    self._traced.add(thread)
            original(thread)

        threading.Thread.start = start  # type: ignore[method-assign,assignment]

    def all_ended(self) -> None:
        """Adds the threads that remain."""
        if self._start is not None:
            threading.Thread.start = self._start  # type: ignore[method-assign]
        deadline = monotonic() + GRACE_S
        for thread in self._candidates():
            thread.join(max(0.0, deadline - monotonic()))
        left: defaultdict[Location | None, list[threading.Thread]] = defaultdict(list)
        for thread in self._candidates():
            if not thread.daemon and not _runs_code_of_package(thread):
                self._add(thread, sentences.thread_left)
            elif thread in self._traced:
                left[self._lines.get(thread)].append(thread)
        for location, threads in left.items():
            if location and len(threads) >= max(MIN_CALLS, self._tasks):
                self._add(threads[0], sentences.threads_left_by_calls)

    def _candidates(self) -> list[threading.Thread]:
        """Returns the threads of the user that were started since and run something of the user's."""
        pooled = leaks.pooled_threads()
        return [
            thread
            for thread in threading.enumerate()
            if thread not in self._before
            and thread is not threading.current_thread()
            and not isinstance(thread, threading.Timer if thread.daemon else ())
            and (thread not in pooled or _line_now(thread))
            and (not thread.daemon or (thread in self._lines and _runs_code_of_user(thread)))
        ]

    def _add(self, thread: threading.Thread, words: Any) -> None:
        now, started = _line_now(thread), self._lines.get(thread)
        where = now if started is None else started
        self._findings.add(CHECK, EXHAUSTED, words(thread.name, now.line if now else None), where)


def _runs_code_of_user(thread: threading.Thread) -> bool:
    now = _line_now(thread)
    return now is not None and source_locations.owner(now.file) == source_locations.USER


def _runs_code_of_package(thread: threading.Thread) -> bool:
    """Tells whether a package runs a thread, which serves the object that the program got from it."""
    now = _line_now(thread)
    return now is not None and source_locations.owner(now.file) == source_locations.PACKAGE


def _line_now(thread: threading.Thread) -> Location | None:
    """Returns the line of the user's code that a thread is in."""
    frame = current_frames().get(thread.ident) if thread.ident is not None else None
    return source_locations.innermost(source_locations.frames_of_thread(frame))
