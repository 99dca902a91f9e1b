"""The end of a profile whose class is certain before its time is over.

`src/profile/accounting/early_end.rs` is the same rule for native tasks, with the reasons for its numbers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

LEAST_S = 0.25
LEAST_TASKS = 3
LONGEST_SHARE = 0.5
SLICE_S = 0.02
CLEAR_MARGIN = 0.12
STANDARD_ERRORS = 3.0
MAX_TIME_ERROR = 0.03

# The thresholds between two classes in `src/policy.rs`.
IO_BOUND_UP_TO = 0.35
THRESHOLDS = (IO_BOUND_UP_TO, 0.5, 0.75)


class Clocks(NamedTuple):
    """Wall, CPU and run-queue seconds since the first task."""

    wall_s: float
    cpu_s: float
    queued_s: float

    def share_since(self, before: Clocks) -> float:
        """Returns the share of computing between two readings, without the time in the run queue."""
        own_s = self.own_since(before)
        return (self.cpu_s - before.cpu_s) / own_s if own_s > 0.0 else 0.0

    def own_since(self, before: Clocks) -> float:
        """Returns the seconds between two readings that were not spent in the run queue."""
        wall_s = self.wall_s - before.wall_s - (self.queued_s - before.queued_s)
        return max(self.cpu_s - before.cpu_s, wall_s)


class Spread:
    """Mean and spread of numbers that come one by one."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, value: float) -> None:
        """Counts a number."""
        self.count += 1
        from_mean = value - self.mean
        self.mean += from_mean / self.count
        self._squares += from_mean * (value - self.mean)

    def standard_error(self) -> float:
        """Returns the standard error of the mean; infinite for fewer than two numbers."""
        if self.count < 2:
            return float("inf")
        return math.sqrt(self._squares / (self.count - 1) / self.count)


class EarlyEnd:
    """A sequential test: is more to be learnt from further tasks?"""

    def __init__(self) -> None:
        self._tasks = 0
        self._longest_s = 0.0
        self._tasks_of_slice = 0
        # Seconds per task of each slice, without time in the run queue.
        self._costs = Spread()
        self._shares = Spread()
        self._begun = self._last = Clocks(0.0, 0.0, 0.0)

    def count(self, seconds: float, wall_s: float) -> bool:
        """Counts a task; tells whether it is time to read the clocks for `is_certain`."""
        self._tasks += 1
        self._tasks_of_slice += 1
        self._longest_s = max(self._longest_s, seconds)
        return wall_s - self._last.wall_s >= SLICE_S

    def is_certain(self, now: Clocks) -> bool:
        """Tells whether further tasks would change neither the class nor the time that a task computes."""
        self._shares.add(now.share_since(self._last))
        self._costs.add(now.own_since(self._last) / max(1, self._tasks_of_slice))
        self._last, self._tasks_of_slice = now, 0
        if now.own_since(self._begun) < LEAST_S or self._tasks < LEAST_TASKS:
            return False
        reach = CLEAR_MARGIN + STANDARD_ERRORS * self._shares.standard_error()
        share = now.share_since(self._begun)
        if not all(abs(share - threshold) > reach for threshold in THRESHOLDS):
            return False
        if share < IO_BOUND_UP_TO:
            return self._longest_s <= LONGEST_SHARE * now.wall_s
        return self._costs.standard_error() <= MAX_TIME_ERROR * self._costs.mean
