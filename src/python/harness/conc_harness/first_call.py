"""Tells costs that a process pays once, at its first call, from the cost of a task.

Examples are a model that the first call loads, a module imported late and the first connection. Such a cost
is part of starting a worker: later calls of the same and of other items show what a task costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from .resource_usage import CpuTime
from .results_file import FIRST_ERROR_STATUS

if TYPE_CHECKING:
    from .profiling import StepMeter

# A first call stands out if it takes this many times as long as every later one ...
MIN_RATIO = 2.0

# ... and this many seconds more than they take. Cold caches cost less.
MIN_EXCESS_S = 0.005

# A first call longer than this is taken for a long task: a second one would take the time of the whole run.
MAX_FIRST_S = 10.0


class CallCost(NamedTuple):
    """The cost of one call; the wait for a CPU is part of neither time."""

    cpu_s: float
    wait_s: float

    def total_s(self) -> float:
        """Returns the seconds of the call."""
        return self.cpu_s + self.wait_s


def stands_out(first: CallCost, later: Sequence[CallCost]) -> bool:
    """Tells whether a first call took much longer than each of the later ones."""
    longest_s = max(call.total_s() for call in later)
    first_s = first.total_s()
    return first_s >= MIN_RATIO * longest_s and first_s - longest_s >= MIN_EXCESS_S


def once_cost(first: CallCost, later: Sequence[CallCost]) -> CallCost:
    """Returns what a first call cost on top of a later one."""
    cpu_s = first.cpu_s - median(call.cpu_s for call in later)
    wait_s = first.wait_s - median(call.wait_s for call in later)
    return CallCost(max(0.0, cpu_s), max(0.0, wait_s))


class Mark(NamedTuple):
    """The clocks at one moment, or the time between two moments."""

    ns: int
    cpu: CpuTime
    queued_s: float | None
    waited_s: float
    wall_s: tuple[float, ...]
    cpu_s: tuple[float, ...]
    queue_s: tuple[float, ...]

    def queued(self) -> float:
        """Returns the seconds in the run queue; 0 if they are unknown."""
        return self.queued_s or 0.0

    def since(self, before: Mark) -> Mark:
        """Returns the time since an earlier moment."""
        steps = ((self.wall_s, before.wall_s), (self.cpu_s, before.cpu_s), (self.queue_s, before.queue_s))
        wall_s, cpu_s, queue_s = (tuple(a - b for a, b in zip(now, then)) for now, then in steps)
        return Mark(
            self.ns - before.ns,
            self.cpu.since(before.cpu),
            self.queued() - before.queued(),
            self.waited_s - before.waited_s,
            wall_s,
            cpu_s,
            queue_s,
        )

    def call_cost(self) -> CallCost:
        """Returns the cost of the one call in this time."""
        cpu_s = self.cpu.user_s + self.cpu.system_s
        return CallCost(cpu_s, max(0.0, self.ns * 1e-9 - self.waited_s - self.queued() - cpu_s))


class FirstCalls:
    """Runs the first tasks, and leaves out of the profile what only the first call in a process costs."""

    def __init__(self, steps: StepMeter) -> None:
        self.steps = steps
        # The first task whose time is part of the profile, and the first one that has not run.
        self.first_task = 0
        self.next_task = 0
        # What a process pays once; None if its first call costs no more than others.
        self.once: CallCost | None = None
        self._begun = self._now = steps.mark()
        self.excluded = self._now.since(self._now)

    def counted_s(self) -> float:
        """Returns the seconds so far that are part of the profile."""
        return (self._now.ns - self._begun.ns - self.excluded.ns) * 1e-9

    def run(self) -> None:
        """Runs the first two tasks, and more if the first one stands out."""
        job, items = self.steps.job, self.steps.job.items
        first = self._call(self.next_task)
        after_first, task = self._now, self.next_task - 1
        is_ordinary = job.file.status[task] >= FIRST_ERROR_STATUS or len(items) < 2
        if is_ordinary or self.next_task >= job.count or first.total_s() > MAX_FIRST_S:
            return
        later = [self._call(self.next_task)]
        if not stands_out(first, later):
            return
        if self.next_task < job.count:
            later.append(self._call(self.next_task))
        repeats, before_again = job.count > len(items), self._now
        if repeats and stands_out(first, later):
            # A long item takes long again; a model that was loaded does not.
            resumed = self.next_task
            later.append(self._call(task))
            self.next_task = resumed
        if not stands_out(first, later):
            self._exclude(before_again, self._now)
            return
        self.once = once_cost(first, later)
        if repeats:
            self._exclude(self._begun, self._now)
            self.next_task = 0
        else:
            self._exclude(self._begun, after_first)
            self.first_task = task + 1

    def _call(self, task: int) -> CallCost:
        before = self.steps.mark()
        self.next_task = self.steps.run_for(0.0, task)
        self._now = self.steps.mark()
        return self._now.since(before).call_cost()

    def _exclude(self, begin: Mark, end: Mark) -> None:
        """Leaves the time between two moments out of the profile."""
        self.excluded = end.since(begin)
        self.steps.exclude(self.excluded)
        self.steps.job.exclude(self.excluded.ns, self.excluded.cpu)
