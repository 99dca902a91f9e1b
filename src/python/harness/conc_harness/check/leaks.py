"""Leaks of tasks: what the interpreter warns of, descriptors, threads, processes."""

from __future__ import annotations

import gc
import io
import os
import re
import subprocess
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Collection, Iterator
from time import perf_counter
from typing import Any

from ..errors import EXHAUSTED, NOT_AWAITED
from . import resource_audit, source_locations
from .finding_list import FindingList
from .resource_audit import ResourceAudit
from .source_locations import Location

# Time in which what a task leaves may end by itself, and time between two looks.
GRACE_S = 1.0
NAP_S = 0.02

# Frames that tracemalloc keeps of where an object was made.
TRACE_DEPTH = 16

# Typed as Any for `_showwarnmsg`: unlike `showwarning`, it gets the object that a warning is about.
_warnings: Any = warnings


class WarningWatch:
    """Adds what the interpreter warns of to the findings while it is entered."""

    def __init__(self, findings: FindingList, is_tracing: bool = False) -> None:
        self._findings = findings
        self._is_tracing = is_tracing
        self._filters = warnings.catch_warnings()
        self.audit = ResourceAudit()
        # The item of the task that runs.
        self.item: str | None = None
        # Messages about objects of which nobody knows where they were made.
        self.unlocated: list[str] = []

    def __enter__(self) -> WarningWatch:
        self._filters.__enter__()
        self._show = _warnings._showwarnmsg
        # Not recorded and examined later: an object loses the trace of where it was made when something
        # refers to it again.
        _warnings._showwarnmsg = self._add
        warnings.simplefilter("always")
        self.audit.__enter__()
        if self._is_tracing:
            tracemalloc.start(TRACE_DEPTH)
        return self

    def __exit__(self, *exception: Any) -> None:
        self.collect()
        if self._is_tracing:
            tracemalloc.stop()
        self.audit.__exit__(*exception)
        _warnings._showwarnmsg = self._show
        self._filters.__exit__(*exception)

    def collect(self) -> None:
        """Collects all garbage, so that its warnings come now."""
        for _ in range(2):
            gc.collect()
        # The user's module may have changed it.
        warnings.simplefilter("always")

    def _add(self, warning: warnings.WarningMessage) -> None:
        text = str(warning.message).splitlines()[0]
        if issubclass(warning.category, RuntimeWarning) and "was never awaited" in text:
            self._findings.add("awaited", NOT_AWAITED, text, _origin_of_coroutine(warning), self.item)
        elif issubclass(warning.category, ResourceWarning):
            self._add_unclosed(warning.source, text)

    def _add_unclosed(self, source: Any, text: str) -> None:
        made, message = _where_made(source), _without_numbers(source, text)
        if made is None:
            self.unlocated.append(message)
        if made is None and self._is_tracing:
            # Not every object has a trace, and not every warning has an object.
            made = self.audit.line_of_socket(text) or self.audit.only_line(_kind_of(source))
        if made or self._is_tracing:
            self._findings.add("resources", EXHAUSTED, message, made, self.item)


def _origin_of_coroutine(warning: warnings.WarningMessage) -> Location | None:
    """Returns the line that made a coroutine; if unknown, the line that defines it."""
    source: Any = warning.source
    origin = getattr(source, "cr_origin", None) or ()
    made = source_locations.innermost(Location(*frame) for frame in reversed(origin))
    code = getattr(source, "cr_code", None)
    if made or code is None:
        return made or source_locations.innermost([Location(warning.filename, warning.lineno, "")])
    return source_locations.of_code(code)


def _where_made(source: Any) -> Location | None:
    """Returns the line that made an object, if it was traced."""
    trace = tracemalloc.get_object_traceback(source) if source is not None else None
    return source_locations.innermost(source_locations.frames_of_summary(trace))


def _kind_of(source: Any) -> str:
    if isinstance(source, subprocess.Popen):
        return resource_audit.PROCESS
    return resource_audit.FILE if isinstance(source, io.IOBase) else resource_audit.SOCKET


def _without_numbers(source: Any, text: str) -> str:
    """Returns the same text for the same fault, without addresses, descriptors and process numbers."""
    name = getattr(source, "name", None)
    shown = f"'{name}'" if isinstance(name, str) else r"\1"
    return re.sub(r" \d+\b", "", re.sub(r"<([\w.]+).*>", shown, text))


class DescriptorCounts:
    """The number of open descriptors after each task."""

    def __init__(self) -> None:
        self._counts: list[int | None] = []
        self.count()

    def count(self) -> None:
        """Counts the descriptors that are open now."""
        self._counts.append(_open_descriptors())

    def recounts(self) -> Iterator[None]:
        """Counts again, while the caller waits, as long as more descriptors are open than there should be."""
        end = perf_counter() + GRACE_S
        while descriptors_lost_per_task(self._counts) > 0 and perf_counter() < end:
            yield
            now, first = _open_descriptors(), self._counts[0]
            if now is not None and first is not None and now - first < len(self._counts) - 2:
                # They were about to be closed.
                self._counts = [now]

    def judge(self, findings: FindingList, audit: ResourceAudit) -> None:
        """Adds a finding if every task leaves descriptors open; the first one may open some for all."""
        lost = descriptors_lost_per_task(self._counts)
        if lost > 0:
            message = f"every task leaves {lost} more descriptor{'s' if lost > 1 else ''} open"
            findings.add("resources", EXHAUSTED, message, audit.busiest_line())


def descriptors_lost_per_task(counts: list[int | None]) -> int:
    """Returns the least growth between two counts; 0 if there are too few to tell."""
    steady = counts[1:] if len(counts) > 3 else counts
    known = [count for count in steady if count is not None]
    if len(known) < 3 or len(known) < len(steady):
        return 0
    return min(after - before for before, after in zip(known, known[1:]))


def _open_descriptors() -> int | None:
    """Returns the number of open descriptors of this process; None if unknown."""
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(directory))
        except OSError:
            continue
    return None


def pooled_threads() -> set[Any]:
    """Returns the threads of pools, which end with the program."""
    return {
        *getattr(sys.modules.get("concurrent.futures.thread"), "_threads_queues", ()),
        *getattr(sys.modules.get("concurrent.futures.process"), "_threads_wakeups", ()),
    }


def are_threads_left(before: Collection[threading.Thread]) -> bool:
    """Tells whether threads that delay the end of the program were started since."""
    pooled = pooled_threads()
    return any(
        thread not in before and thread.is_alive() and not thread.daemon and thread not in pooled
        for thread in threading.enumerate()
    )
