from __future__ import annotations

import os
import queue
import sys
import threading
from types import FrameType

import pytest

from conc_harness import deadlock_watchdog
from conc_harness.deadlock_watchdog import DeadlockWatchdog, location_of_frame, waits_for_thread
from conc_harness.errors import DEADLOCK, HUNG

from .helpers import LONG_S


def innermost_frame(thread: threading.Thread) -> FrameType:
    assert thread.ident is not None
    return sys._current_frames()[thread.ident]


@pytest.mark.parametrize("has_limit", [False, True])
def test_only_a_wait_without_a_limit_is_one_for_another_thread(has_limit: bool) -> None:
    channel: queue.Queue[int] = queue.Queue()
    thread = threading.Thread(target=channel.get, kwargs={"timeout": LONG_S if has_limit else None})
    thread.start()
    while location_of(thread) not in ("threading.py", "queue.py"):
        pass
    try:
        assert waits_for_thread(innermost_frame(thread)) is not has_limit
    finally:
        channel.put(1)
        thread.join()


def location_of(thread: threading.Thread) -> str:
    return innermost_frame(thread).f_code.co_filename.rsplit("/", 1)[-1]


def test_a_location_names_the_users_line_and_function() -> None:
    location = location_of_frame(sys._getframe())
    assert location is not None
    assert location.startswith("test_deadlock_watchdog.py:") and location.endswith(
        "names_the_users_line_and_function"
    )


class ReportedError(Exception):
    pass


def report_of(watchdog: DeadlockWatchdog, reports: list[tuple[str, str]]) -> tuple[str, str]:
    with pytest.raises(ReportedError):
        watchdog.run()
    return reports[-1]


def watchdog_that_sees(
    monkeypatch: pytest.MonkeyPatch, frames: list[FrameType], give_up_after_s: float
) -> tuple[DeadlockWatchdog, list[tuple[str, str]]]:
    reports: list[tuple[str, str]] = []

    def report(code: str, message: str) -> None:
        reports.append((code, message))
        raise ReportedError

    monkeypatch.setattr(deadlock_watchdog, "PERIOD_S", 0.001)
    watchdog = DeadlockWatchdog(give_up_after_s, report)
    monkeypatch.setattr(watchdog, "_frames", lambda: frames)
    return watchdog, reports


def test_a_run_in_which_every_thread_waits_is_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    watchdog, reports = watchdog_that_sees(monkeypatch, [sys._getframe()], LONG_S)
    monkeypatch.setattr(watchdog, "_is_idle", lambda: True)
    monkeypatch.setattr(deadlock_watchdog, "waits_for_thread", lambda _: True)
    code, message = report_of(watchdog, reports)
    assert code == DEADLOCK and "every task waits for another one: test_deadlock_watchdog.py:" in message


def test_a_run_that_takes_too_long_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    watchdog, reports = watchdog_that_sees(monkeypatch, [sys._getframe()], 0.0)
    monkeypatch.setattr(watchdog, "_is_idle", lambda: False)
    code, message = report_of(watchdog, reports)
    assert code == HUNG and message.startswith("it did not end within 0 s: test_deadlock_watchdog.py:")


def test_a_run_that_ends_is_not_reported() -> None:
    reports: list[str] = []
    watchdog = DeadlockWatchdog(LONG_S, lambda code, _: reports.append(code))
    watchdog.start()
    watchdog.end()
    assert not watchdog.is_alive() and reports == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the threads of a process")
def test_a_watchdog_that_has_ended_is_no_thread_for_the_system_either() -> None:
    # Without the wait about one in twenty was still there on a busy machine.
    for _ in range(100):
        watchdog = DeadlockWatchdog(LONG_S, lambda *_: None)
        watchdog.start()
        watchdog.end()
        assert str(watchdog.native_id) not in os.listdir("/proc/self/task")
