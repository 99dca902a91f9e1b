"""Collects what tasks gave, at the least cost while they run."""

import inspect
import threading

from . import board as boards
from .digest import digest
from .errors import NOT_AWAITED, Failure, describe

# Outputs of these types are kept as they are until the run is over.
SCALARS = frozenset((type(None), bool, int, float))

# A status is one byte.
MOST_KINDS = 255 - boards.FIRST_ERROR


class Done:
    """Stands for an output that has been looked at."""


class Results:
    """The outputs and errors of the tasks of one board."""

    def __init__(self, board):
        self.board = board
        self.outputs = [None] * board.tasks
        self._kinds = {}
        self._lock = threading.Lock()

    def keep(self, i, value):
        """Takes the output of task `i`; callers store scalars into `outputs` themselves."""
        if type(value) in SCALARS:
            self.outputs[i] = value
            return
        if inspect.iscoroutine(value):
            value.close()
            self.fail(i, Failure(NOT_AWAITED, "'%s' was returned and never awaited" % value.__qualname__))
            return
        self.board.digest[i] = digest(value)
        self.outputs[i] = Done

    def fail(self, i, error):
        """Takes the exception of task `i`."""
        self.fail_as(i, *describe(error))

    def fail_as(self, i, code, message):
        """Takes that task `i` failed."""
        with self._lock:
            kinds = self._kinds
            kind = kinds.get((code, message))
            if kind is None:
                if len(kinds) >= MOST_KINDS:
                    # The first message of a code stands for the others.
                    kind = next((k for (c, _), k in kinds.items() if c == code), MOST_KINDS - 1)
                else:
                    kind = kinds[code, message] = len(kinds)
        self.board.status[i] = boards.FIRST_ERROR + kind
        if not self.board.latency[i]:
            self.board.latency[i] = 1

    def is_pending(self, i):
        """Whether nothing is known of task `i` yet."""
        return not self.board.latency[i]

    def finish(self):
        """Completes the board; gives the kinds of errors."""
        latency, status, digests = self.board.latency, self.board.status, self.board.digest
        for i, output in enumerate(self.outputs):
            if latency[i] and not status[i]:
                status[i] = boards.OK
                if output is not Done:
                    digests[i] = digest(output)
        return [{"code": code, "message": message} for code, message in self._kinds]
