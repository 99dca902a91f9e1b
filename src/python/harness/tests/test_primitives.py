from __future__ import annotations

import os
import threading
import time

import pytest

from conc_harness.deadlock_watchdog import DeadlockWatchdog
from conc_harness.primitives import Flag, OwnThread, count_own, is_own
from conc_harness.timer import after

from .helpers import LONG_S


def test_a_flag_is_waited_for_and_stays_up() -> None:
    flag = Flag()
    assert not flag.wait(0.001) and not flag.is_raised()
    after(0.01, flag.raise_it)
    assert flag.wait() and flag.wait(0.0) and flag.is_raised()
    flag.raise_it()


class Worker(OwnThread):
    def __init__(self) -> None:
        super().__init__()
        self.may_end = Flag()
        self.ident = 0

    def run(self) -> None:
        self.ident = threading.get_ident()
        self.may_end.wait()


def test_threads_of_conc_are_known_to_conc_alone() -> None:
    before, own = threading.active_count(), count_own()
    worker = Worker()
    worker.start()
    while not worker.ident:
        time.sleep(0.001)
    assert is_own(worker.ident) and count_own() == own + 1 and threading.active_count() == before
    worker.may_end.raise_it()
    worker.join()
    assert not worker.is_alive() and not is_own(worker.ident) and count_own() == own


def test_what_a_module_puts_in_their_place_reaches_no_thread_of_conc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda _self: None)
    monkeypatch.setattr(threading, "Lock", None)
    monkeypatch.setattr(threading, "Event", None)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    reported = Flag()
    watchdog = DeadlockWatchdog(0.0, lambda *_: reported.raise_it())
    watchdog.start()
    assert reported.wait(LONG_S)
    watchdog.end()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork")
def test_a_fork_has_none_of_the_threads() -> None:
    worker = Worker()
    worker.start()
    child = os.fork()
    if child == 0:
        os._exit(count_own())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    worker.may_end.raise_it()
    worker.join()
