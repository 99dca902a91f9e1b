"""Collects the results of tasks at the least cost while they run."""

from __future__ import annotations

import inspect
from typing import Any

from . import results_file
from .digest import digest
from .errors import FOREIGN, NOT_AWAITED, CodedError, describe
from .foreign import explain_result
from .primitives import allocate_lock
from .requests import JsonObject
from .results_file import ResultsFile

# Outputs of these types are kept as they are until the run is over.
SCALARS = frozenset((type(None), bool, int, float))

# A status is one byte.
MAX_ERROR_KINDS = 255 - results_file.FIRST_ERROR_STATUS


class Digested:
    """A placeholder for an output whose digest is already in the file."""


class TaskResults:
    """The outputs and errors of the tasks of one results file."""

    def __init__(self, file: ResultsFile) -> None:
        self.file = file
        self.outputs: list[Any] = [None] * file.tasks
        self._kinds: dict[tuple[str, str], int] = {}
        self._lock = allocate_lock()

    def keep(self, task: int, value: Any) -> None:
        """Takes the output of a task. Fast paths store scalars in `outputs` themselves."""
        if type(value) in SCALARS:
            self.outputs[task] = value
            return
        if inspect.iscoroutine(value):
            value.close()
            self.fail(task, CodedError(NOT_AWAITED, f"'{value.__qualname__}' was returned and never awaited"))
            return
        foreign = explain_result(value)
        if foreign is not None:
            self.fail(task, CodedError(FOREIGN, foreign))
            return
        self.file.digest[task] = digest(value)
        self.outputs[task] = Digested

    def fail(self, task: int, error: BaseException) -> None:
        """Takes the exception of a task."""
        self.fail_as(task, *describe(error))

    def fail_as(self, task: int, code: str, message: str) -> None:
        """Records that a task failed."""
        with self._lock:
            kind = self._kind(code, message)
        self.file.status[task] = results_file.FIRST_ERROR_STATUS + kind
        if not self.file.latency[task]:
            self.file.latency[task] = 1

    def _kind(self, code: str, message: str) -> int:
        kinds = self._kinds
        kind = kinds.get((code, message))
        if kind is not None:
            return kind
        if len(kinds) < MAX_ERROR_KINDS:
            kinds[code, message] = len(kinds)
            return len(kinds) - 1
        # The first message of a code stands for the others.
        return next((known for (other, _), known in kinds.items() if other == code), MAX_ERROR_KINDS - 1)

    def is_pending(self, task: int) -> bool:
        """Tells whether nothing is known of a task yet."""
        return not self.file.latency[task]

    def finish(self) -> list[JsonObject]:
        """Completes the file and returns the kinds of errors that its statuses refer to."""
        latency, status, digests = self.file.latency, self.file.status, self.file.digest
        for task, output in enumerate(self.outputs):
            if latency[task] and not status[task]:
                status[task] = results_file.STATUS_OK
                if output is not Digested:
                    digests[task] = digest(output)
        return [{"code": code, "message": message} for code, message in self._kinds]
