from __future__ import annotations

import sys

import pytest

from conc_harness import two_threads
from conc_harness.requests import JsonObject
from conc_harness.serve import serve
from conc_harness.two_threads import MAX_THREADS, Slice, TaskCost, is_certain, threads_for

from .helpers import FakeChannel, ModuleMaker, done


def profile(job: JsonObject, in_threads: bool = True) -> JsonObject:
    return {"role": "profile", **job, "skipped_numbers": [], "ends_early": False, "in_threads": in_threads}


def test_tasks_that_compute_run_in_one_thread_and_in_two(module: ModuleMaker) -> None:
    user = module("def spin(i): return sum(range(20_000))\n")
    request = profile(user.job("spin", tasks=50))
    trial = done(request)["trial"]
    assert trial["threads"] == 2 and not trial["hangs"]
    for each in trial["rounds"]:
        assert each["alone"]["calls"] >= 1 and each["together"]["calls"] >= 2
        assert each["together"]["threads"] == 2 and each["together"]["thread_cpu_s"] > 0.0


def test_tasks_that_wait_run_a_handful_of_times(module: ModuleMaker) -> None:
    user = module("import time\ndef nap(i): time.sleep(0.05)\n")
    report = done(profile(user.job("nap", tasks=2)))
    (each,) = report["trial"]["rounds"]
    assert each["alone"] is None and each["together"]["calls"] == MAX_THREADS
    assert report["tasks"] == 2, "they are not part of the profile"


def test_one_long_task_among_many_is_no_lock(module: ModuleMaker) -> None:
    # Whatever the order, one thread of the sixteen has the long task.
    source = "import time\ndef nap(i): time.sleep(1.0 if i == 7 else 0.05)\n"
    user = module(source)
    (each,) = done(profile(user.job("nap", tasks=16)))["trial"]["rounds"]
    assert each["together"]["wall_s"] < 0.6
    assert each["together"]["calls"] >= MAX_THREADS * 0.75


def test_a_first_call_of_each_thread_is_not_measured(module: ModuleMaker) -> None:
    source = "import threading, time\nown = threading.local()\ndef query(i):\n"
    source += "    if not hasattr(own, 'connection'): own.connection = time.sleep(0.1)\n"
    user = module(source + "    return sum(range(20_000))\n")
    for each in done(profile(user.job("query", tasks=50)))["trial"]["rounds"]:
        assert each["alone"]["calls"] > 1 and each["together"]["calls"] > 2


def test_coroutines_run_beside_others_on_the_loop_of_the_profile(module: ModuleMaker) -> None:
    source = "import asyncio\nloops = set()\nasync def nap(i):\n    loops.add(asyncio.get_running_loop())\n"
    user = module(source + "    await asyncio.sleep(0.005)\n    assert len(loops) == 1\n")
    flight = done(profile(user.job("nap", tasks=5)))["in_flight"]
    assert 1 < flight["threads"] <= MAX_THREADS and flight["calls"] >= flight["threads"]
    assert flight["failed"] == 0 and flight["cpu_s"] > 0.0


def test_a_callable_that_needs_the_main_thread_fails_in_others(module: ModuleMaker) -> None:
    user = module("import signal\ndef handle(i): signal.signal(signal.SIGUSR2, signal.SIG_IGN)\n")
    rounds = done(profile(user.job("handle", tasks=100)))["trial"]["rounds"]
    assert rounds and all(each["together"]["failed"] == each["together"]["calls"] for each in rounds)


def test_nothing_runs_in_threads_that_may_run_only_once_or_at_a_rate(module: ModuleMaker) -> None:
    user = module("async def nap(i): pass\ndef work(i): pass\n")
    rate = {"per_s": 1e6, "limited_steps": [True], "bucket_file": str(user.directory / "bucket")}
    assert done(profile(user.job("work", tasks=5), in_threads=False))["trial"] is None
    assert done(profile(user.job("work", tasks=5, rate=rate)))["trial"] is None
    assert done(profile(user.job("nap", tasks=5)))["trial"] is None


def test_threads_that_wait_for_one_another_are_given_up(
    module: ModuleMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(two_threads, "PATIENCE_S", 0.05)
    monkeypatch.setattr(two_threads, "PATIENCE_TASKS", 1)
    source = "import threading\nend = threading.Event()\nmain = threading.main_thread()\ndef wait(i):\n"
    user = module(source + "    if threading.current_thread() is not main: end.wait()\n")
    channel = FakeChannel(profile(user.job("wait", tasks=3)))
    assert serve(channel) is True, "a thread is stuck"
    assert channel.sent[-1]["trial"]["hangs"]
    # The interpreter waits for threads when it ends.
    sys.modules[user.file.stem].end.set()


def test_the_number_of_threads_follows_from_the_cpu_share() -> None:
    of = [threads_for(TaskCost(1.0, cpu_s, 1.0)) for cpu_s in (1.5, 1.0, 0.8, 0.5, 0.3, 0.0)]
    assert of == [2, 2, 2, 6, 10, MAX_THREADS]
    assert threads_for(TaskCost(0.0, 0.0, 0.0)) == 2


def test_a_trial_ends_when_its_rounds_agree_or_its_time_is_over() -> None:
    def rounds(*gains: int) -> list[tuple[Slice | None, Slice]]:
        one = Slice(1, calls=100, wall_s=1.0)
        return [(one, Slice(2, calls=gain, wall_s=1.0)) for gain in gains]

    assert not is_certain(rounds(100, 101), False, 0.1)
    assert is_certain(rounds(100, 101, 99), False, 0.1)
    assert not is_certain(rounds(100, 101, 50), False, 0.1)
    assert is_certain(rounds(100, 101, 50), False, 10.0)
    assert not is_certain([], True, 0.0)
    assert is_certain([(None, Slice(2, calls=2, wall_s=1.0))], True, 0.0)
