from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from conc_harness.ipc_stats import IpcStats
from conc_harness.job import Job
from conc_harness.processes import chunk_size
from conc_harness.resource_usage import proportional_peak

from .helpers import ModuleMaker, done, parsed_batch


def test_a_chunk_is_some_milliseconds_of_work_and_a_fair_share(module: ModuleMaker) -> None:
    def size(task_s: float | None, rate: float | None = None) -> int:
        limit = {"per_s": rate, "limited_steps": [True], "bucket_file": user.results + "-bucket"}
        limits = {"rate": limit if rate else None}
        request = user.batch("processes", "f", tasks=800, width=2, **limits)
        return chunk_size(Job(parsed_batch({**request, "task_s": task_s})))

    user = module("def f(i): return i\n")
    assert size(None) == 1
    assert size(0.001) == 10
    assert size(1e-9) == 100
    assert size(1.0) == 1
    assert size(0.001, rate=1000.0) == 5


@pytest.mark.parametrize(("strategy", "cpu_steps"), [("processes", None), ("hybrid", [False, True])])
def test_worker_processes_run_the_tasks_and_are_accounted_for(
    module: ModuleMaker, strategy: str, cpu_steps: list[bool] | None
) -> None:
    user = module("async def first(i): return i\ndef spin(i): return sum(range(10_000 + i))\n")
    callables = ["first", "spin"] if cpu_steps else ["spin"]
    request = user.batch(strategy, *callables, tasks=6)
    report = done({**request, "cpu_steps": cpu_steps, "processes": 2})
    assert report["errors"] == [] and list(user.open_results(request).status) == [1] * 6
    ipc = report["ipc"]
    assert ipc["workers"] == 2 and ipc["working_s"] > 0.0
    assert sum(tasks * count for tasks, count in ipc["messages"]) == 6


def test_messages_are_counted_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0]
    monkeypatch.setattr("conc_harness.ipc_stats.perf_counter_ns", lambda: now[0])
    stats = IpcStats(workers=2)
    for _ in range(3):
        stats.record_sent()
    now[0] = 1_000_000_000
    stats.record_answer(tasks=5, worked_ns=700_000_000)
    now[0] = 2_000_000_000
    stats.record_lost()
    now[0] = 9_000_000_000
    # Three messages keep two workers busy; after one answer, so do the other two.
    report = stats.report()
    assert report["active_s"] == pytest.approx(4.0) and report["working_s"] == pytest.approx(0.7)
    assert report["messages"] == [(5, 1)]


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the kernel does not report it")
def test_memory_that_processes_share_counts_once(module: ModuleMaker) -> None:
    user = module("data = bytearray(b'x') * (32 << 20)\ndef f(i): return i\n")
    report = done({**user.batch("processes", "f", tasks=8, width=4), "processes": 4})
    if multiprocessing.get_start_method() == "fork":
        assert report["peak_rss_bytes"] > 4 * (32 << 20)
        assert 32 << 20 < report["peak_pss_bytes"] < report["peak_rss_bytes"] - 3 * (32 << 20)
    alone = proportional_peak()
    assert alone is not None and alone > 1 << 20
