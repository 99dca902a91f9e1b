"""What some tasks gave, and how it is sent from the one who ran them."""

import pickle
from time import perf_counter_ns

from .errors import NOT_PICKLED, describe, message_of

# Nothing about values of these types can fail on the way to another process.
PLAIN = frozenset((type(None), bool, int, float, str, bytes))


class Outcome:
    """A value for each task, and the failures beside them."""

    def __init__(self):
        self.values = []
        self.failures = []
        self._begun = perf_counter_ns()

    def fail(self, i, error):
        """Takes the exception of task `i`, told in words: not every exception survives the way."""
        self.failures.append((i, *describe(error)))

    def packed(self, indices, dumps=pickle.dumps):
        """The outcome as it is sent: pickled here where that may fail, so that it fails for one task.

        Last in it is for how many nanoseconds the tasks ran.
        """
        worked = perf_counter_ns() - self._begun
        if all(type(value) in PLAIN for value in self.values):
            return self.values, self.failures, False, worked
        try:
            return bytes(dumps(self.values)), self.failures, True, worked
        except Exception:
            for k, i in enumerate(indices):
                try:
                    dumps(self.values[k])
                except Exception as error:
                    self.failures.append((i, NOT_PICKLED, "the result: " + message_of(error)))
                    self.values[k] = None
            return bytes(dumps(self.values)), self.failures, True, worked


def unpacked(outcome, indices):
    """The values and failures of an outcome, in the process that asked for it."""
    values, failures, is_pickled, _ = outcome
    if is_pickled:
        try:
            values = pickle.loads(values)
        except Exception as error:
            message = "the result cannot be unpickled: " + message_of(error)
            return [None] * len(indices), [(i, NOT_PICKLED, message) for i in indices]
    return values, failures


def run_chunk(call, board, slot, first, items):
    """Runs some tasks one after another; `items` are theirs, from task `first` on."""
    latency, slots, at = board.latency, board.slots, 2 * slot
    outcome = Outcome()
    last = perf_counter_ns()
    with board:
        for i, item in enumerate(items, first):
            slots[at] = i + 1
            try:
                outcome.values.append(call(item))
            except BaseException as error:
                outcome.values.append(None)
                outcome.fail(i, error)
            now = perf_counter_ns()
            latency[i] = now - last
            last = now
    slots[at] = 0
    return outcome
