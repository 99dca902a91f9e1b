"""The worker in an interpreter that shares its process: no signals, no processes, no fault handler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import chunk_outcome
from .chunk_outcome import PackedOutcome
from .errors import CodedError, TaskTimeout
from .primitives import monotonic
from .program import ItemFunction, Program
from .requests import JsonObject, parse_batch
from .results_file import ResultsFile

_worker: Worker | None = None


class Worker:
    """The state of this interpreter."""

    def __init__(self, fields: JsonObject, number: int) -> None:
        request = parse_batch(fields)
        self.number = number
        file = request.results_file
        self.file = ResultsFile.open(file.path, file.tasks, file.slots)
        program = Program(request)
        self.call = program.function()
        if program.timeout_s is not None and not program.needs_loop():
            self.call = with_timeout(self.call, program.timeout_s)


def prepare(fields: JsonObject, number: int) -> list[str] | None:
    """Loads everything; returns the code and the message of a failure, or None."""
    global _worker
    try:
        _worker = Worker(fields, number)
    except CodedError as failure:
        return [failure.code, failure.message]
    return None


def with_timeout(call: ItemFunction, timeout_s: float) -> ItemFunction:
    """Returns a function that fails if it took too long; nothing can interrupt it here."""

    def run(item: Any) -> Any:
        end = monotonic() + timeout_s
        result = call(item)
        if monotonic() > end:
            raise TaskTimeout()
        return result

    return run


def run_chunk(first: int, items: Sequence[Any]) -> PackedOutcome:
    """Runs tasks one after another, from task `first` on; `items` are their items."""
    assert _worker is not None, "the interpreter was prepared"
    outcome = chunk_outcome.run_chunk(_worker.call, _worker.file, _worker.number, first, items)
    return outcome.pack(range(first, first + len(items)))
