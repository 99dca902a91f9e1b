from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from conc_harness import attempts
from conc_harness.attempts import RetryPauses, TokenBucket
from conc_harness.requests import RetryPolicy

from .helpers import ModuleMaker, answer

FLAKY = """
seen = {}
def flaky(i):
    seen[i] = seen.get(i, 0) + 1
    if seen[i] < 3: raise ConnectionResetError("not yet")
    return seen[i]
async def flaky_async(i): return flaky(i)
def leaves(i):
    seen[i] = seen.get(i, 0) + 1
    raise SystemExit(3)
"""


def retry(most: int, backoff: str = "constant") -> RetryPolicy:
    return RetryPolicy(max_retries=most, backoff=backoff, base_s=0.001, seed=1)


@pytest.mark.parametrize("strategy", ["sequential", "async", "threads"])
@pytest.mark.parametrize(("most", "expected"), [(2, [1, 1]), (1, [2, 2])])
def test_a_failing_step_is_retried_as_often_as_allowed(
    module: ModuleMaker, strategy: str, most: int, expected: list[int]
) -> None:
    user = module(FLAKY)
    request = user.batch(strategy, "flaky", tasks=2, retry=vars(retry(most)))
    assert answer(request).events()[-1] == "done"
    assert list(user.open_results(request).status) == expected


def test_a_request_to_exit_is_not_retried(module: ModuleMaker) -> None:
    user = module(FLAKY)
    request = user.batch("sequential", "leaves", tasks=1, retry=vars(retry(5)))
    (error,) = answer(request).sent[-1]["errors"]
    assert error["message"].startswith("SystemExit: 3")


def test_pauses_are_drawn_below_a_maximum_that_may_double() -> None:
    constant, doubling = RetryPauses(retry(9), 0), RetryPauses(retry(9, "exponential"), 0)
    assert all(0.0 <= constant.pause_s(attempt, item) < 0.001 for attempt in range(5) for item in range(50))
    assert all(0.0 <= doubling.pause_s(4, item) < 0.016 for item in range(50))
    assert max(doubling.pause_s(4, item) for item in range(50)) > 0.008
    assert doubling.pause_s(1000, "item") <= 0.001 * 2**attempts.MAX_DOUBLINGS
    # Every process draws the same pause, and different steps draw different ones.
    assert constant.pause_s(1, "item") == RetryPauses(retry(9), 0).pause_s(1, "item")
    assert constant.pause_s(1, "item") != RetryPauses(retry(9), 1).pause_s(1, "item")


def test_the_bucket_spaces_attempts_of_all_who_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that stands still: every pause is due to the tokens taken before.
    monkeypatch.setattr(attempts, "monotonic_ns", lambda: 10**12)
    path = str(tmp_path / "bucket")
    one, other = TokenBucket(path, 10.0), TokenBucket(path, 10.0)
    pauses = [bucket.reserve() for bucket in (one, other, one, other)]
    assert pauses == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert one.waited_s == pytest.approx(0.4)


def test_an_idle_bucket_saves_a_hundredth_of_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [10**12]
    monkeypatch.setattr(attempts, "monotonic_ns", lambda: now[0])
    bucket = TokenBucket(str(tmp_path / "bucket"), 1000.0)
    bucket.reserve()
    now[0] += 10**9
    assert [bucket.reserve() for _ in range(10)] == [0.0] * 10
    assert bucket.reserve() == pytest.approx(0.001)


def test_a_coroutine_waits_for_the_bucket_on_its_loop(tmp_path: Path) -> None:
    bucket = TokenBucket(str(tmp_path / "bucket"), 1000.0)
    asyncio.run(bucket.wait_async())
    assert bucket.waited_s > 0.0


def test_only_attempts_of_limited_steps_take_tokens(
    module: ModuleMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []

    def reserve(bucket: TokenBucket) -> float:
        taken.append(bucket)
        return 0.0

    monkeypatch.setattr(TokenBucket, "reserve", reserve)
    user = module("def wait(i): return i\ndef compute(i): return i\n")
    rate = {"per_s": 1.0, "limited_steps": [True, False], "bucket_file": user.results + "-bucket"}
    answer(user.batch("sequential", "wait", "compute", tasks=7, rate=rate))
    assert len(taken) == 7
