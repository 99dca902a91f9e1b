from __future__ import annotations

from collections.abc import Callable

import pytest

from conc_harness.early_end import LEAST_S, Clocks, EarlyEnd


def end_s(task: Callable[[int], tuple[float, float]], most_s: float = 1.0) -> float:
    """Returns the seconds after which tasks of these times and CPU shares end the profile."""
    early, wall_s, cpu_s, index = EarlyEnd(), 0.0, 0.0, 0
    while wall_s < most_s:
        seconds, share = task(index)
        wall_s, cpu_s, index = wall_s + seconds, cpu_s + share * seconds, index + 1
        if early.count(seconds, wall_s) and early.is_certain(Clocks(wall_s, cpu_s, 0.0)):
            break
    return wall_s


@pytest.mark.parametrize(("seconds", "share"), [(1e-3, 0.01), (0.02, 0.02), (0.02, 1.0), (1e-4, 0.99)])
def test_equal_tasks_end_as_soon_as_there_are_enough_samples(seconds: float, share: float) -> None:
    assert LEAST_S <= end_s(lambda _: (seconds, share)) < LEAST_S + 0.03


def test_near_a_threshold_the_profile_takes_all_its_time() -> None:
    assert end_s(lambda _: (0.01, 0.4)) >= 1.0


def test_a_heavy_tail_of_waits_does_not_delay_a_certain_class() -> None:
    assert LEAST_S <= end_s(lambda index: (0.1 if index % 20 == 7 else 0.005, 0.01)) < 0.4
    assert end_s(lambda index: (0.1 if index % 20 == 7 else 0.005, 0.99)) >= 1.0, "a tail of computing does"


@pytest.mark.parametrize(("share", "least_s"), [(0.99, 1.0), (0.01, 0.6)])
def test_what_is_paid_once_is_not_a_tasks_cost(share: float, least_s: float) -> None:
    assert end_s(lambda index: (0.3 if index == 0 else 0.001, share)) >= least_s


def test_two_tasks_are_too_few() -> None:
    assert end_s(lambda _: (0.3, 0.01), 9.0) == pytest.approx(0.9)


def test_time_in_the_run_queue_is_neither_a_wait_nor_a_cost() -> None:
    early, now, tasks = EarlyEnd(), Clocks(0.0, 0.0, 0.0), 0
    while True:
        queued_s = (0.0, 0.18, 0.02)[tasks % 3]
        now = Clocks(now.wall_s + 0.02 + queued_s, now.cpu_s + 0.02, now.queued_s + queued_s)
        tasks += 1
        if early.count(0.02 + queued_s, now.wall_s) and early.is_certain(now):
            break
    assert tasks == 13
