from __future__ import annotations

from collections.abc import Callable

import pytest

from conc_harness import ceiling
from conc_harness.two_threads import Slice

from .helpers import ModuleMaker, done
from .test_two_threads import profile

MS = 1_000_000

# Calls take 10 ms alone.
TASK_S = 0.01


def look(threads: int, per_s: float, cpu_s: float = 0.0, queued_s: float = 0.0, failed: int = 0) -> Slice:
    return Slice(
        threads,
        calls=round(per_s / 10),
        failed=failed,
        wall_s=0.1,
        cpu_s=cpu_s,
        queued_s=queued_s,
        steady_per_s=per_s,
    )


def test_the_same_rate_at_two_widths_is_a_ceiling() -> None:
    assert ceiling.is_suspected(look(16, 500), TASK_S)
    assert ceiling.per_s(look(16, 600), look(10, 590), TASK_S) == 600
    assert ceiling.per_s(look(16, 90), look(10, 85), TASK_S) == 100, "one at a time"


def test_calls_that_take_longer_beside_others_meet_no_ceiling() -> None:
    assert not ceiling.is_suspected(look(16, 1500), TASK_S)
    assert ceiling.per_s(look(16, 800), look(10, 500), TASK_S) is None, "more at the wider one"
    assert ceiling.per_s(look(16, 900), look(10, 900), TASK_S) is None, "the narrower one is not hindered"


def test_what_cpus_or_failures_explain_is_no_ceiling() -> None:
    for disturbed in (
        look(16, 600, cpu_s=0.09),
        look(16, 600, queued_s=0.05),
        look(16, 600, failed=1),
    ):
        assert not ceiling.is_suspected(disturbed, TASK_S)
        assert ceiling.per_s(disturbed, look(10, 600), TASK_S) is None


def test_rates_count_from_group_to_group() -> None:
    # Six at a time, of twelve workers with two calls each.
    early = [[10 * MS, 30 * MS]] * 6
    late = [[20 * MS, 40 * MS]] * 6
    assert ceiling.steady_per_s(0, early + late) == 600
    together = [[15 * MS + i, 30 * MS + i, 45 * MS + i] for i in range(16)]
    assert round(ceiling.steady_per_s(0, together)) == 1067
    assert ceiling.steady_per_s(0, [[10 * MS]] * 4) == 0.0, "one group tells nothing"
    assert ceiling.steady_per_s(0, []) == 0.0


@pytest.fixture
def seen(module: ModuleMaker, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], float | None]:
    """Returns the ceiling of a callable, however busy the machine is."""
    monkeypatch.setattr(ceiling, "MOST_QUEUED_SHARE", 1.0)
    monkeypatch.setattr(ceiling, "MOST_CPUS", 16.0)

    def most_per_s(source: str, callable_: str) -> float | None:
        request = profile(module(source).job(callable_, tasks=20))
        tried = (done(request)["most_per_s"] for _ in range(5))
        return next((found for found in tried if found), None)

    return most_per_s


def test_calls_that_queue_for_a_few_places_meet_a_ceiling(seen: Callable[[str, str], float | None]) -> None:
    source = "import threading, time\nPLACES = threading.Semaphore(4)\n"
    source += "def ask(i):\n    with PLACES: time.sleep(0.01)\n"
    found = seen(source, "ask")
    assert found and 100 < found < 440


def test_coroutines_that_queue_for_a_few_places_meet_one(seen: Callable[[str, str], float | None]) -> None:
    source = "import asyncio\nPLACES = asyncio.Semaphore(4)\n"
    source += "async def ask(i):\n    async with PLACES: await asyncio.sleep(0.01)\n"
    found = seen(source, "ask")
    assert found and 100 < found < 440


def test_calls_that_only_wait_meet_none(module: ModuleMaker) -> None:
    source = "import asyncio, time\ndef nap(i): time.sleep(0.01)\n"
    user = module(source + "async def rest(i): await asyncio.sleep(0.01)\n")
    for name in ("nap", "rest"):
        assert done(profile(user.job(name, tasks=20)))["most_per_s"] is None
