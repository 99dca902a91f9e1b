from __future__ import annotations

from pathlib import Path

import pytest

from conc_harness.errors import TIMED_OUT

from .helpers import UserModule
from .processes_of_conc import ask

TIMEOUT_S = 0.4

# Every second task takes much longer than the timeout, and uses SIGALRM itself.
TASKS = """
import signal, threading, time
def cancels_alarms(i):
    signal.alarm(0)
    time.sleep(0 if i % 2 else 60)
def has_a_timer(i):
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    while i % 2 == 0: pass
def ignores_it(i):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    threading.Event().wait(0.001 if i % 2 else 60)
def catches_everything(i):
    try:
        time.sleep(0 if i % 2 else 60)
    except BaseException:
        pass
def needs_its_own_alarm(i):
    rung = []
    signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    time.sleep(0.1)
    assert rung
    time.sleep(0 if i % 2 else 60)
"""


@pytest.mark.parametrize("strategy", ["sequential", "processes"])
@pytest.mark.parametrize(
    "name", ["cancels_alarms", "has_a_timer", "ignores_it", "catches_everything", "needs_its_own_alarm"]
)
def test_a_timeout_holds_where_the_task_uses_the_alarm(tmp_path: Path, name: str, strategy: str) -> None:
    user = UserModule(tmp_path, TASKS)
    request = user.batch(strategy, name, tasks=4, width=1 if strategy == "sequential" else 2)
    request["limits"]["timeout_s"] = TIMEOUT_S
    message = ask(request).message
    assert message["event"] == "done", message
    assert [error["code"] for error in message["errors"]] == [TIMED_OUT], message["errors"]
    assert list(user.open_results(request).status).count(1) == 2, "the other tasks succeed"
