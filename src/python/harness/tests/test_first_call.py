from __future__ import annotations

import pytest

from conc_harness.first_call import CallCost, once_cost, stands_out
from conc_harness.requests import JsonObject

from .helpers import ModuleMaker, done

BURN = """
def burn(n):
    s = 0
    for k in range(n): s += k
    return s
"""

# Callables whose first call in a process costs much more than every later one.
ONCE = {
    "a model in a global": BURN
    + "_m = None\ndef f(i):\n    global _m\n    _m = _m or burn(2_000_000)\n    return burn(2_000)\n",
    "a cached model": "import functools\n"
    + BURN
    + "@functools.cache\ndef model(): return burn(2_000_000)\n"
    + "def f(i): return burn(2_000) + model()\n",
    "a first connection": "import sqlite3, time\n_c = None\ndef f(i):\n    global _c\n"
    + "    if _c is None:\n        time.sleep(0.1)\n        _c = sqlite3.connect(':memory:')\n"
    + "    return _c.execute('select 1').fetchone()[0]\n",
}


def profile(user_job: JsonObject, items: int) -> JsonObject:
    job = {**user_job, "stop_starting_after_s": 0.2}
    job["tasks"] = {"numbers": list(range(items)), "items": None}
    return done({"role": "profile", **job, "skipped_numbers": [], "ends_early": False, "in_threads": False})


@pytest.mark.parametrize("source", ONCE.values(), ids=ONCE.keys())
@pytest.mark.parametrize("repeats", [True, False])
def test_what_only_the_first_call_costs_is_no_cost_of_a_task(
    module: ModuleMaker, source: str, repeats: bool
) -> None:
    user = module(source)
    tasks = 2_000 if repeats else 40
    report = profile(user.job("f", tasks=tasks), 40)
    once = report["once"]
    assert once is not None
    counted = report["tasks"] - report["first_task"]
    task_s = report["wall_s"] / counted
    assert once["cpu_s"] + once["wait_s"] > 5 * task_s
    assert report["steps_s"][0] / counted < 0.5 * (once["cpu_s"] + once["wait_s"])
    assert report["first_task"] == (0 if repeats else 1)


def test_a_long_item_is_a_task_and_no_cost_of_a_process(module: ModuleMaker) -> None:
    user = module("import time\ndef f(i): time.sleep(0.05 if i == 0 else 0.001)\n")
    report = profile(user.job("f", tasks=30_000), 10)
    assert report["once"] is None and report["first_task"] == 0
    # The long item counts once a round, not twice in the first.
    assert report["steps_s"][0] <= report["wall_s"] + 0.001


def test_equal_tasks_and_single_tasks_pay_nothing_once(module: ModuleMaker) -> None:
    user = module("import time\ndef f(i): time.sleep(0.01)\n")
    assert profile(user.job("f", tasks=100), 5)["once"] is None
    (user.directory / "results").unlink()
    assert profile(user.job("f", tasks=1), 1)["once"] is None


def test_a_first_call_stands_out_by_a_ratio_and_by_milliseconds() -> None:
    steady = CallCost(0.010, 0.0)
    assert stands_out(CallCost(0.03, 0.0), [steady])
    assert not stands_out(CallCost(0.019, 0.0), [steady])
    assert not stands_out(CallCost(0.004, 0.0), [CallCost(0.001, 0.0)])
    assert not stands_out(CallCost(1.5, 0.0), [steady, CallCost(1.4, 0.0)])


def test_a_process_pays_what_the_first_call_took_longer() -> None:
    later = [CallCost(0.01, 0.0), CallCost(0.02, 0.001), CallCost(0.03, 0.0)]
    assert once_cost(CallCost(0.52, 0.3), later) == CallCost(0.5, 0.3)
    assert once_cost(CallCost(0.01, 0.3), later) == CallCost(0.0, 0.3)
