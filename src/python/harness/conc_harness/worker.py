"""What runs in the worker processes."""

import os
from collections import deque
from multiprocessing.reduction import ForkingPickler
from time import perf_counter_ns

from . import outcome, usage
from .board import Board
from .errors import Failure
from .outcome import Outcome
from .program import Program
from .timer import after

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
    done = outcome.run_chunk(_this.call, _this.board, _this.slot, first, items)
    return done.packed(range(first, first + len(items)), ForkingPickler.dumps)


def run_steps(first, end, i, value):
    """Runs some steps of one task."""
    slots, at = _this.board.slots, 2 * _this.slot
    done = Outcome()
    with _this.board:
        slots[at] = i + 1
        try:
            done.values.append(_function(first, end)(value))
        except BaseException as error:
            done.values.append(None)
            done.fail(i, error)
        slots[at] = 0
    return done.packed((i,), ForkingPickler.dumps)


_functions = {}


def _function(first, end):
    if (first, end) not in _functions:
        _functions[first, end] = _this.program.function(first, end)
    return _functions[first, end]


def run_loop(indices, items, width, time_limit):
    """Runs some tasks on an event loop of this process, `width` in flight."""
    import asyncio

    latency, slots = _this.board.latency, _this.board.slots
    done = Outcome()
    values = {}
    feed = deque(zip(indices, items))
    call = _this.program.coroutine()

    async def work(at):
        last = perf_counter_ns()
        while feed:
            try:
                i, item = feed.popleft()
            except IndexError:
                break
            slots[at] = i + 1
            try:
                values[i] = await call(item)
            except BaseException as error:
                done.fail(i, error)
            now = perf_counter_ns()
            latency[i] = now - last
            last = now
        slots[at] = 0

    async def main():
        lanes = range(min(width, len(indices)))
        await asyncio.gather(*(work(2 * (_this.slot * width + lane)) for lane in lanes))

    after(time_limit, feed.clear)
    with _this.board:
        asyncio.run(main())
    done.values = [values.get(i) for i in indices]
    return done.packed(indices, ForkingPickler.dumps)
