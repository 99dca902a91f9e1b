from __future__ import annotations

from conc_harness.gil_probe import gil_shares

from .helpers import ModuleMaker, answer


def test_a_profile_sums_the_steps_and_skips_tasks(module: ModuleMaker) -> None:
    user = module("import time\ndef nap(i): time.sleep(0.002)\ndef spin(i): return sum(range(20_000))\n")
    request = {
        "role": "profile",
        **user.job("nap", "spin", tasks=6),
        "skipped_numbers": [1],
        "ends_early": False,
        "in_threads": False,
    }
    channel = answer(request)
    assert channel.events() == ["ready", "done"]
    report = channel.sent[-1]
    assert report["tasks"] == 6 and report["errors"] == []
    nap_s, spin_s = report["steps_s"]
    # Five naps of 2 ms, which no machine makes shorter.
    assert nap_s >= 0.01 and spin_s > 0.0
    assert all(cpu_s >= 0.0 for cpu_s in report["steps_cpu_s"])
    results = user.open_results(request)
    assert list(results.status) == [1, 0, 1, 1, 1, 1]


def test_coroutines_are_profiled_on_one_loop(module: ModuleMaker) -> None:
    user = module("import asyncio\nasync def nap(i): await asyncio.sleep(0)\n")
    report = answer(
        {
            "role": "profile",
            **user.job("nap", tasks=3),
            "skipped_numbers": [],
            "ends_early": False,
            "in_threads": True,
        }
    ).sent[-1]
    assert report["event"] == "done" and report["tasks"] == 3


def test_the_gil_shares_need_time_and_cpu_time() -> None:
    assert gil_shares(0.0, 0.0, 0.0) == {"gil_wanted": None, "gil_held": None}
    assert gil_shares(0.5, 1.0, 0.01) == {"gil_wanted": 0.5, "gil_held": None}
    assert gil_shares(0.5, 1.0, 1.0) == {"gil_wanted": 0.5, "gil_held": 0.5}
    assert gil_shares(0.9, 1.0, 0.5)["gil_held"] == 1.0
