"""Choices on plain numbers, and what is kept of a run."""

import json
from pathlib import Path

from conc_pytest.cost import Cost
from conc_pytest.last_run import CACHE_KEY, MOST_RUNS, MOST_SELECTIONS, History, LastRun, Run
from conc_pytest.schedule import StartUp
from conc_pytest.width import Machine, best, choose
from conc_pytest.words import header

GIB = 1 << 30
START = StartUp(gateway_s=0.05, cpu_s=0.3, collect_s=0.05, report_s=0.001)
MACHINE = Machine(2.0, 8 * GIB)


def history(costs: list[Cost], *runs: Run) -> History:
    return History({f"test_a.py::test_{i}": cost for i, cost in enumerate(costs)}, START, list(runs))


def workers(costs: list[Cost], machine: Machine = MACHINE) -> int:
    return choose(history(costs), machine).workers


def test_a_first_run_has_a_worker_for_each_cpu_that_is_really_there() -> None:
    for cpus, expected in [(2.0, 2), (1.5, 1), (0.5, 1), (16.0, 16)]:
        assert choose(None, Machine(cpus, None)).workers == expected
    assert choose(None, Machine(16.0, None), at_most=4).workers == 4
    assert "a first run" in header(choose(None, MACHINE))


def test_tests_that_wait_get_more_workers_than_cpus_and_others_do_not() -> None:
    assert workers([Cost(1.0, 0.01, 0)] * 100) >= 8
    assert workers([Cost(0.5, 0.5, 0)] * 60) in (2, 3)
    assert 2 < workers([Cost(0.4, 0.1, 0)] * 60) <= 12


def test_tiny_tests_get_no_workers() -> None:
    choice = choose(history([Cost(0.001, 0.001, 0)] * 100), MACHINE)
    assert choice.workers == 0
    assert header(choice).startswith("conc: no workers: 100 tests computed for 0.10 s")


def test_memory_limits_the_workers_and_the_line_says_so() -> None:
    tests = [Cost(2.0, 0.01, GIB)] * 40
    choice = choose(history(tests), MACHINE)
    assert choice.workers == choice.memory_limit == 6
    assert "more than 6 may not fit into 8.0 GiB" in header(choice)
    assert choose(history(tests), Machine(2.0, None)).memory_limit is None
    one_large = [Cost(2.0, 0.01, 3 * GIB), *[Cost(2.0, 0.01, GIB // 8)] * 40]
    assert workers(one_large) > 6


def test_what_whole_runs_took_corrects_the_prediction() -> None:
    waits = [Cost(1.0, 0.01, 0)] * 100
    wide = choose(history(waits), MACHINE).workers
    slow = history(waits, Run(4, None, 26.0), Run(wide, 10.0, 60.0))
    narrower = choose(slow, MACHINE)
    assert narrower.workers < wide
    assert narrower.expected_s is not None and narrower.expected_s[wide] == 60.0


def test_a_width_that_is_as_good_is_kept_and_of_others_the_narrowest_is_taken() -> None:
    expected_s = {2: 20.0, 8: 10.1, 12: 10.0, 16: 10.4, 24: 10.6}
    assert best(expected_s, []) == 8
    for last, chosen in [(16, 16), (24, 8), (2, 8), (32, 8)]:
        assert best(expected_s, [Run(12, None, 10.0), Run(last, None, 10.4)]) == chosen


def test_the_number_that_was_asked_for_is_not_exceeded() -> None:
    assert choose(history([Cost(1.0, 0.0, 0)] * 100), MACHINE, at_most=5).workers <= 5


def test_the_cache_gives_back_what_it_was_given(tmp_path: Path) -> None:
    last_run = LastRun({})
    last_run.remember("tests", history([Cost(1.0, 0.5, 7)] * 3, Run(2, None, 3.0)))
    file = tmp_path / "v" / CACHE_KEY
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(last_run.to_json()))
    read = LastRun.read(tmp_path)
    assert read.selections == last_run.selections
    file.write_text("{")
    assert LastRun.read(tmp_path).selections == {} == LastRun.read(None).selections
    assert LastRun.from_json({"version": 1, "selections": {"a": 3}}).selections == {}


def test_a_part_of_a_known_selection_is_known_and_a_filtered_one_is_not() -> None:
    last_run = LastRun({"": history([Cost(1.0, 0.5, 7)] * 12)})
    part = last_run.of("test_a.py::test_1", ["test_a.py::test_1"], is_filtered=False)
    assert part is not None and list(part.tests) == [f"test_a.py::test_{i}" for i in (1, 10, 11)]
    assert last_run.of("keyword=x", [""], is_filtered=True) is None
    assert last_run.of("other.py", ["other.py"], is_filtered=False) is None


def test_only_the_latest_runs_and_selections_are_kept() -> None:
    known = history([Cost(1.0, 0.5, 7)] * 10)
    for i in range(MOST_RUNS + 3):
        known = known.followed_by(known.tests, START, Run(2, None, float(i)))
    assert [run.elapsed_s for run in known.runs][-1] == MOST_RUNS + 2 and len(known.runs) == MOST_RUNS
    fewer = history([Cost(1.0, 0.5, 7)] * 5).tests
    assert len(known.followed_by(fewer, START, Run(2, None, 1.0)).runs) == 1
    last_run = LastRun({})
    for i in range(MOST_SELECTIONS + 2):
        last_run.remember(str(i), known)
    assert list(last_run.selections) == [str(i) for i in range(2, MOST_SELECTIONS + 2)]
