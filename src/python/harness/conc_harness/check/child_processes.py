"""Finds processes that every call starts and leaves running, and the lines that started them."""

from __future__ import annotations

import multiprocessing
import sys
import weakref
from multiprocessing.process import BaseProcess
from time import perf_counter
from typing import Any

from ..errors import EXHAUSTED
from . import source_locations
from .finding_list import FindingList
from .leaks import GRACE_S
from .probe import TRACED, Probe
from .source_locations import Location


class ChildProcesses(Probe):
    """Compares the processes of `multiprocessing` after tasks with those before.

    The workers of a pool that serves all calls are no fault; a process that each call leaves is one.
    """

    def __init__(self, findings: FindingList) -> None:
        self._findings = findings
        self._lines: weakref.WeakKeyDictionary[Any, Location] = weakref.WeakKeyDictionary()
        self._known: set[Any] = set()
        self._is_traced = False
        self._tasks = 0
        self._original: Any = None

    def stage_begins(self, form: str, stage: str) -> None:
        """Begins to watch."""
        if self._original is None:
            self._watch_starts()
        self._is_traced = stage == TRACED
        if self._is_traced:
            self._known, self._tasks = set(multiprocessing.active_children()), 0

    def task_begins(self, item: Any) -> None:
        """Counts the tasks that run one after another."""
        self._tasks += self._is_traced

    def stage_ended(self, form: str, stage: str) -> None:
        """Adds the processes that remain, if there are as many as tasks."""
        if not self._is_traced or len(self._left()) < max(2, self._tasks):
            return
        end = perf_counter() + GRACE_S
        for child in self._left():
            child.join(max(0.0, end - perf_counter()))
        left = self._left()
        if len(left) >= max(2, self._tasks):
            for child in left:
                line = self._lines.get(child)
                self._findings.add("resources", EXHAUSTED, f"the process '{child.name}' still runs", line)

    def all_ended(self) -> None:
        """Restores what was replaced."""
        if self._original is not None:
            BaseProcess.start = self._original  # type: ignore[method-assign]

    def _left(self) -> list[Any]:
        return [child for child in multiprocessing.active_children() if child not in self._known]

    def _watch_starts(self) -> None:
        self._original = original = BaseProcess.start

        def start(process: BaseProcess) -> None:
            line = source_locations.innermost(source_locations.frames_of_thread(sys._getframe()))
            if line is not None:
                self._lines[process] = line
            original(process)

        BaseProcess.start = start  # type: ignore[assignment, method-assign]
