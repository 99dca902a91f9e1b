"""What runs in the worker processes."""

import os
import pickle
from collections import deque
from multiprocessing.reduction import ForkingPickler
from time import perf_counter_ns

from . import usage
from .board import Board
from .errors import NOT_PICKLED, Failure, describe, message_of
from .program import Program

# Nothing about values of these types can fail on the way to another process.
PLAIN = frozenset((type(None), bool, int, float, str, bytes))

READY_S = 60.0

_this = None


class Worker:
    """The state of this process."""

    def __init__(self, order, barrier):
        self.order = order
        self.barrier = barrier
        self.refusal = None
        self.slot = None
        try:
            self.program = Program(order)
            self.call = self.program.on_main_thread()
        except Failure as failure:
            self.refusal = [failure.code, failure.message]

    def join(self):
        """Waits for the other workers and takes a number."""
        self.slot = self.barrier.wait(READY_S)
        self.board = Board(self.order["board"], self.order["tasks"], self.order["slots"])
        self.cpu_before = usage.cpu()
        return [os.getpid(), self.slot, self.refusal]


def init(order, barrier):
    """Prepares this process; what goes wrong is told when it is asked whether it is ready."""
    global _this
    _this = Worker(order, barrier)


def ready():
    """Answers when all workers have started."""
    return _this.join()


def finish():
    """What this process has used since it was ready; answered by every worker once."""
    _this.barrier.wait(READY_S)
    return usage.less(usage.cpu(), _this.cpu_before), usage.peak_rss()


def run_chunk(first, items):
    """Runs some tasks one after another; `items` are theirs, from task `first` on."""
    call, latency, slots, at = _this.call, _this.board.latency, _this.board.slots, 2 * _this.slot
    outcome = Outcome()
    last = perf_counter_ns()
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
    return outcome.packed(range(first, first + len(items)))


def run_steps(first, end, i, value):
    """Runs some steps of one task."""
    slots, at = _this.board.slots, 2 * _this.slot
    outcome = Outcome()
    slots[at] = i + 1
    try:
        outcome.values.append(_function(first, end)(value))
    except BaseException as error:
        outcome.values.append(None)
        outcome.fail(i, error)
    slots[at] = 0
    return outcome.packed((i,))


_functions = {}


def _function(first, end):
    if (first, end) not in _functions:
        _functions[first, end] = _this.program.function(first, end)
    return _functions[first, end]


def run_loop(indices, items, width, time_limit):
    """Runs some tasks on an event loop of this process, `width` in flight."""
    import asyncio

    latency = _this.board.latency
    outcome = Outcome()
    values = {}
    feed = deque(zip(indices, items))
    call = _this.program.coroutine()

    async def work():
        last = perf_counter_ns()
        while feed:
            i, item = feed.popleft()
            try:
                values[i] = await call(item)
            except BaseException as error:
                outcome.fail(i, error)
            now = perf_counter_ns()
            latency[i] = now - last
            last = now

    async def main():
        asyncio.get_running_loop().call_later(time_limit, feed.clear)
        await asyncio.gather(*(work() for _ in range(min(width, len(indices)))))

    asyncio.run(main())
    outcome.values = [values.get(i) for i in indices]
    return outcome.packed(indices)


class Outcome:
    """What some tasks gave: a value for each, and the failures beside them."""

    def __init__(self):
        self.values = []
        self.failures = []

    def fail(self, i, error):
        """Takes the exception of task `i`, told in words: not every exception survives the way."""
        self.failures.append((i, *describe(error)))

    def packed(self, indices):
        """The outcome as it is sent: pickled here where that may fail, so that it fails for one task."""
        if all(type(value) in PLAIN for value in self.values):
            return self.values, self.failures, False
        try:
            return bytes(ForkingPickler.dumps(self.values)), self.failures, True
        except Exception:
            for k, i in enumerate(indices):
                try:
                    ForkingPickler.dumps(self.values[k])
                except Exception as error:
                    self.failures.append((i, NOT_PICKLED, "the result: " + message_of(error)))
                    self.values[k] = None
            return bytes(ForkingPickler.dumps(self.values)), self.failures, True


def unpacked(outcome, indices):
    """The values and failures of an outcome, in the process that asked for it."""
    values, failures, is_pickled = outcome
    if is_pickled:
        try:
            values = pickle.loads(values)
        except Exception as error:
            message = "the result cannot be unpickled: " + message_of(error)
            return [None] * len(indices), [(i, NOT_PICKLED, message) for i in indices]
    return values, failures
