"""Predictions on plain numbers."""

import pytest
from conc_pytest.cost import Cost
from conc_pytest.schedule import StartUp, predict, units

FREE = StartUp(gateway_s=0.0, cpu_s=0.0, collect_s=0.0, report_s=0.0)


def waiting(count: int, seconds: float = 1.0) -> list[Cost]:
    return [Cost(seconds, 0.0, 0)] * count


def computing(count: int, seconds: float = 1.0) -> list[Cost]:
    return [Cost(seconds, seconds, 0)] * count


def test_waits_run_side_by_side_and_computing_shares_the_cpus() -> None:
    assert predict(waiting(32), FREE, 8, 2.0) == pytest.approx(4.0)
    assert predict(computing(32), FREE, 8, 2.0) == pytest.approx(16.0)
    assert predict(computing(32), FREE, 2, 8.0) == pytest.approx(16.0)
    assert predict(computing(32), FREE, 0, 8.0) == pytest.approx(32.0)


def test_a_part_of_a_cpu_is_a_part_of_the_speed() -> None:
    assert predict(computing(8), FREE, 4, 0.5) == pytest.approx(16.0, rel=0.01)


def test_work_of_both_kinds_is_limited_by_its_cpu_time() -> None:
    half = [Cost(1.0, 0.5, 0)] * 64
    assert predict(half, FREE, 4, 2.0) == pytest.approx(16.0, rel=0.05)
    assert predict(half, FREE, 16, 2.0) == pytest.approx(16.0, rel=0.1)


def test_a_test_with_threads_uses_several_cpus() -> None:
    threaded = [Cost(1.0, 2.0, 0)] * 8
    assert predict(threaded, FREE, 4, 2.0) == pytest.approx(8.0, rel=0.01)


def test_nothing_ends_before_its_longest_test() -> None:
    tests = [*waiting(10, 0.1), Cost(5.0, 0.0, 0), *waiting(10, 0.1)]
    assert predict(tests, FREE, 4, 2.0) >= 5.0
    assert predict(tests, FREE, 16, 2.0) < 5.5


def test_a_worker_gets_a_fraction_of_its_share_at_first() -> None:
    # Of 40 tests each of two workers gets 5, so that others run what would wait behind the long one.
    tests = [Cost(5.0, 0.0, 0), *waiting(39)]
    assert predict(tests, FREE, 2, 2.0) == pytest.approx(22.0, abs=0.5)


def test_many_tests_are_predicted_like_few() -> None:
    assert predict(waiting(4_000, 0.01), FREE, 8, 2.0) == pytest.approx(5.0, rel=0.1)
    assert predict(computing(4_000, 0.01), FREE, 8, 2.0) == pytest.approx(20.0, rel=0.1)


def test_workers_cost_their_start_and_reports_their_time() -> None:
    start = StartUp(gateway_s=0.1, cpu_s=0.5, collect_s=0.2, report_s=0.01)
    none = predict(waiting(100, 0.0), start, 0, 2.0)
    assert none == pytest.approx(0.2)
    assert predict(waiting(100, 0.0), start, 2, 2.0) == pytest.approx(0.7 + 1.0, rel=0.1)
    assert predict(waiting(100, 0.0), start, 16, 2.0) >= 4.0 + 0.9


def test_a_file_goes_to_one_worker_if_that_was_asked_for() -> None:
    tests = {
        f"{file}.py::{scope}::test_{i}": Cost(1.0, 0.5, i)
        for file in "ab"
        for scope in "XY"
        for i in range(3)
    }
    assert [unit.alone_s for unit in units(tests, "loadfile")] == [6.0, 6.0]
    assert [unit.peak_bytes for unit in units(tests, "loadscope")] == [2, 2, 2, 2]
    assert len(units(tests, "load")) == 12
