"""What runs in interpreters of their own that share a process: no signals, no processes, no fault handler."""

from time import monotonic

from .board import Board
from .errors import Failure, TaskTimeout
from .outcome import run_chunk as run
from .program import Program

_this = None


class Worker:
    """The state of this interpreter."""

    def __init__(self, order, number):
        self.number = number
        self.board = Board(order["board"], order["tasks"], order["slots"])
        program = Program(order)
        self.call = program.function()
        if program.timeout is not None and not program.needs_loop():
            self.call = in_time(self.call, program.timeout)


def prepare(order, number):
    """Loads everything; what went wrong, as a code and a message, or None."""
    global _this
    try:
        _this = Worker(order, number)
    except Failure as failure:
        return [failure.code, failure.message]
    return None


def in_time(call, timeout):
    """The function, as one that has timed out if it took too long: nothing can interrupt it here."""

    def run_in_time(value):
        end = monotonic() + timeout
        result = call(value)
        if monotonic() > end:
            raise TaskTimeout()
        return result

    return run_in_time


def run_chunk(first, items):
    """Runs some tasks one after another; `items` are theirs, from task `first` on."""
    outcome = run(_this.call, _this.board, _this.number, first, items)
    return outcome.packed(range(first, first + len(items)))
