"""The results of a chunk of tasks, and how a worker sends them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .errors import NOT_PICKLED, describe, message_of
from .primitives import perf_counter_ns
from .program import ItemFunction
from .results_file import SLOT_WORDS, ResultsFile

# Values of these types can always be sent to another process.
PLAIN = frozenset((type(None), bool, int, float, str, bytes))

# A task that failed, with the code and the message of its failure.
TaskFailure = tuple[int, str, str]


class PackedOutcome(NamedTuple):
    """An outcome as it is sent; `values` is pickled if `is_pickled`."""

    values: Any
    failures: list[TaskFailure]
    is_pickled: bool
    worked_ns: int


class ChunkOutcome:
    """A value for each task, None for those that failed, and the failures."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.failures: list[TaskFailure] = []
        self._begun_ns = perf_counter_ns()

    def fail(self, task: int, error: BaseException) -> None:
        """Takes the exception of a task as text, because some exceptions cannot be pickled."""
        self.failures.append((task, *describe(error)))

    def pack(self, tasks: Sequence[int], dumps: Callable[[Any], Any] = pickle.dumps) -> PackedOutcome:
        """Returns the outcome ready to send, pickled here where a single value may fail to pickle."""
        worked_ns = perf_counter_ns() - self._begun_ns
        if all(type(value) in PLAIN for value in self.values):
            return PackedOutcome(self.values, self.failures, False, worked_ns)
        try:
            return PackedOutcome(bytes(dumps(self.values)), self.failures, True, worked_ns)
        except Exception:
            self._drop_unpicklable(tasks, dumps)
            return PackedOutcome(bytes(dumps(self.values)), self.failures, True, worked_ns)

    def _drop_unpicklable(self, tasks: Sequence[int], dumps: Callable[[Any], Any]) -> None:
        for index, task in enumerate(tasks):
            try:
                dumps(self.values[index])
            except Exception as error:
                self.failures.append((task, NOT_PICKLED, f"the result: {message_of(error)}"))
                self.values[index] = None


def unpack(outcome: PackedOutcome, tasks: Sequence[int]) -> tuple[list[Any], list[TaskFailure]]:
    """Returns the values and failures of an outcome, in the process that asked for it."""
    if not outcome.is_pickled:
        return outcome.values, outcome.failures
    try:
        return pickle.loads(outcome.values), outcome.failures
    except Exception as error:
        message = f"the result cannot be unpickled: {message_of(error)}"
        return [None] * len(tasks), [(task, NOT_PICKLED, message) for task in tasks]


def run_chunk(
    call: ItemFunction, file: ResultsFile, slot: int, first: int, items: Sequence[Any]
) -> ChunkOutcome:
    """Runs tasks one after another, from task `first` on; `items` are their items."""
    latency, ended, slots, at = file.latency, file.ended, file.slots, SLOT_WORDS * slot
    outcome = ChunkOutcome()
    # Waiting for the chunk is part of its first task.
    last = file.free_since(slot)
    with file:
        for task, item in enumerate(items, first):
            slots[at] = task + 1
            try:
                outcome.values.append(call(item))
            except BaseException as error:
                outcome.values.append(None)
                outcome.fail(task, error)
            now = perf_counter_ns()
            latency[task], ended[task] = now - last, now
            last = now
    slots[at], slots[at + 2] = 0, last
    return outcome
