"""A ceiling that tasks which wait meet together while CPUs idle: an upstream, a pool of connections, a lock.

Seen only where they wait for one another at two widths, and do as many per second at both: tasks that merely
take longer beside others do more where more are in flight.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

# Fewer tasks in flight and shorter tasks show too little, and looks at longer tasks take too long.
LEAST_IN_FLIGHT = 8
LEAST_TASK_S, MOST_TASK_S = 0.001, 0.05

# Tasks in flight of the second look, as a share of those of the first, and tasks in a row of each.
NARROW_SHARE = 0.625
TASKS_IN_A_ROW = 3

# Tasks per second, as a share of what as many do that do not wait for one another, below which they wait.
WIDE_BELOW_SHARE, NARROW_BELOW_SHARE = 0.6, 0.85

# Two rates are the same if the lower one is at least this share of the other.
SAME_FROM_SHARE = 0.85

# Share of the time in which tasks wait for a CPU, and CPUs in use, from which CPUs may be what they wait for.
MOST_QUEUED_SHARE = 0.1
MOST_CPUS = 0.5

# Tasks that end within this factor of a time end with it.
WITH_THE_OTHERS = 1.1


class Look(Protocol):
    """The cost of tasks in flight for a while."""

    threads: int
    failed: int
    wall_s: float
    queued_s: float
    cpu_s: float
    steady_per_s: float

    def rate(self) -> float:
        """Returns the tasks per second, start and end included."""


def steady_per_s(begun_ns: int, ends_ns: Iterable[list[int]]) -> float:
    """Returns the tasks per second while every worker ran one, from the ends of the tasks of each worker.

    Tasks end in groups where a few are served at once, so that it counts from group to group.
    """
    each = [ends for ends in ends_ns if ends]
    every = sorted(end - begun_ns for ends in each for end in ends)
    if not every:
        return 0.0
    first_stop = min(ends[-1] for ends in each) - begun_ns
    begin = max(end for end in every if end <= WITH_THE_OTHERS * every[0])
    end = max(end for end in every if end <= WITH_THE_OTHERS * first_stop)
    counted = sum(1 for ended in every if begin < ended <= end)
    return counted * 1e9 / (end - begin) if counted else 0.0


def narrow(width: int) -> int:
    """Returns the tasks in flight of the second look."""
    return max(1, round(NARROW_SHARE * width))


def is_suspected(look: Look, task_s: float) -> bool:
    """Tells whether two longer looks are worth their time; a task alone takes `task_s` seconds."""
    can_show = look.threads >= LEAST_IN_FLIGHT and LEAST_TASK_S <= task_s <= MOST_TASK_S
    return can_show and _is_undisturbed(look) and look.rate() * task_s < WIDE_BELOW_SHARE * look.threads


def per_s(wide: Look, slim: Look, task_s: float) -> float | None:
    """Returns the tasks per second that no width exceeds; None if two looks show no such ceiling."""
    if not (_is_undisturbed(wide) and _is_undisturbed(slim)):
        return None
    rates = (wide.steady_per_s, slim.steady_per_s)
    waits = rates[0] * task_s < WIDE_BELOW_SHARE * wide.threads
    waits_too = rates[1] * task_s < NARROW_BELOW_SHARE * slim.threads
    is_same = min(rates) >= SAME_FROM_SHARE * max(rates) > 0.0
    # A little more than one at a time is the least that a ceiling lets through.
    return max(max(rates), 1.0 / task_s) if waits and waits_too and is_same else None


def _is_undisturbed(look: Look) -> bool:
    """Tells whether tasks did not fail, and had CPUs as they liked."""
    has_cpus = look.queued_s <= MOST_QUEUED_SHARE * look.wall_s and look.cpu_s <= MOST_CPUS * look.wall_s
    return look.failed == 0 and has_cpus
