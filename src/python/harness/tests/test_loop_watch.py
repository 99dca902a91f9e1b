from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any, Callable

import pytest

from conc_harness import user_code
from conc_harness.loop_watch import LoopWatch
from conc_harness.resource_usage import RunQueue


@pytest.fixture(autouse=True)
def tests_are_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_code, "_NOT_OF_USER", (asyncio.__file__.replace("asyncio/__init__.py", ""),))


def watched(task: Callable[[], Any]) -> dict[str, Any] | None:
    async def several() -> None:
        for _ in range(5):
            await task()

    watch = LoopWatch()
    watch.start()
    asyncio.run(several())
    return watch.stop()


async def blocks() -> None:
    time.sleep(0.04)


async def blocks_now_and_then() -> None:
    await asyncio.sleep(0.01)
    time.sleep(0.03)


async def awaits() -> None:
    await asyncio.sleep(0.02)


async def computes() -> None:
    hashlib.pbkdf2_hmac("sha256", b"x", b"y", 60_000)


def test_a_coroutine_that_sleeps_on_its_loop_is_found_with_its_line() -> None:
    seen = watched(blocks)
    assert seen is not None
    assert (seen["function"], seen["code"]) == ("blocks", "time.sleep(0.04)")
    assert seen["blocked_s"] > 0.05


def test_time_that_is_awaited_is_no_block() -> None:
    seen = watched(blocks_now_and_then)
    assert seen is not None and seen["code"] == "time.sleep(0.03)"
    assert watched(awaits) is None


@pytest.mark.skipif(RunQueue().seconds() is None, reason="the system reports no times of threads")
def test_computing_is_no_block() -> None:
    seen = watched(computes)
    assert seen is None or seen["blocked_s"] < 0.05
