"""Modules that hang: what is told, at which line, and how soon."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from conc_harness import process_tree
from conc_harness.requests import JsonObject

from .helpers import UserModule
from .processes_of_conc import Answer, ask

needs_linux = pytest.mark.skipif(
    process_tree.FUTEX is None, reason="the system does not tell of other processes"
)

# Seconds after which a run of these tests counts as hanging; deadlocks are known much earlier.
GIVE_UP_S = 20.0

HOLDS_A_LOCK = """
import threading, time
lock = threading.Lock()
def hold():
    while True:
        with lock:
            time.sleep(0.01)
        time.sleep(0.001)
threading.Thread(target=hold, daemon=True).start()
"""

FORKED = (
    """
def task(i):
    with lock:
        pass
    return i
""",
    """
import os
def child():
    with lock:
        pass
def task(i):
    time.sleep(0.003)
    pid = os.fork()
    if pid == 0:
        child()
        os._exit(0)
    os.waitpid(pid, 0)
""",
    """
import multiprocessing
def child():
    lock.acquire()
def task(i):
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
""",
    """
import multiprocessing, queue
q = queue.Queue()
def child():
    q.get()
def task(i):
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
""",
)

LINES = ("in task", "in child", "in child", "in child")


def batch(module: UserModule, strategy: str, **fields: Any) -> JsonObject:
    request = module.batch(strategy, "task", tasks=40, width=1 if strategy == "sequential" else 2, **fields)
    return {**request, "give_up_after_s": GIVE_UP_S}


def profile(module: UserModule, give_up_after_s: float = GIVE_UP_S) -> JsonObject:
    fields = {"ends_early": True, "skipped_numbers": [], "in_threads": True}
    job = module.job("task", tasks=40)
    limits = {"stop_starting_after_s": 0.5, "give_up_after_s": give_up_after_s}
    return {"role": "profile", **job, **limits, **fields}


def hangs(answer: Answer, code: str) -> str:
    found, message = answer.failure()
    assert found == code, message
    assert answer.seconds < GIVE_UP_S, "it is known before the time is over"
    return message


@needs_linux
@pytest.mark.parametrize(("source", "line"), list(zip(FORKED, LINES))[1:])
def test_a_lock_that_was_held_at_a_fork_is_told_at_the_line_of_the_child(
    tmp_path: Path, source: str, line: str
) -> None:
    message = hangs(ask(profile(UserModule(tmp_path, HOLDS_A_LOCK + source))), "E-ASYNC-004")
    assert "after fork" in message and line in message and "in task" not in message


@needs_linux
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="processes start by fork only before")
def test_a_lock_that_was_held_when_a_worker_was_forked_is_told(tmp_path: Path) -> None:
    message = hangs(ask(batch(UserModule(tmp_path, HOLDS_A_LOCK + FORKED[0]), "processes")), "E-ASYNC-004")
    assert "after fork" in message and "in task" in message


@needs_linux
def test_children_that_wait_for_something_that_may_come_are_no_deadlock(tmp_path: Path) -> None:
    source = """
import multiprocessing, threading, time
def sleeps(): time.sleep(4)
def waits(): threading.Event().wait(4)
def task(i):
    for target in (sleeps, waits):
        process = multiprocessing.get_context("fork").Process(target=target)
        process.start()
        process.join()
    return i
"""
    answer = ask({**batch(UserModule(tmp_path, source), "sequential"), "stop_starting_after_s": 0.0})
    assert answer.message["event"] == "done", answer.message


SPINS = (
    """
import asyncio
async def task(i):
    loop = asyncio.get_running_loop()
    def again(): loop.call_soon(again)
    again()
    await asyncio.Event().wait()
""",
    """
import asyncio
async def task(i):
    while True:
        await asyncio.sleep(0)
""",
    """
async def task(i):
    while True:
        pass
""",
    """
def task(i):
    while True:
        pass
""",
)


@pytest.mark.parametrize("source", SPINS)
def test_tasks_that_compute_for_ever_are_told_with_their_line(tmp_path: Path, source: str) -> None:
    code, message = ask(profile(UserModule(tmp_path, source), give_up_after_s=2.0)).failure()
    assert code == "E-POOL-004" and "in task" in message, message


def test_a_loop_that_callbacks_keep_busy_is_profiled(tmp_path: Path) -> None:
    source = """
import asyncio
async def task(i):
    loop = asyncio.get_running_loop()
    def again(): loop.call_soon(again)
    again()
    await asyncio.sleep(0.01)
    return i
"""
    answer = ask(profile(UserModule(tmp_path, source)))
    assert answer.message["event"] == "done", answer.message


REPLACED = {
    "a class that never runs": """
import threading
class Thread:
    def __init__(self, *a, **k): self.name, self.daemon, self.ident, self.native_id = "x", True, 1, 1
    def start(self): pass
    def join(self, timeout=None): pass
    def is_alive(self): return False
threading.Thread = Thread
""",
    "a method": "import threading\nthreading.Thread.start = lambda self: None\n",
    "the function below": """
import _thread, threading
_thread.start_new_thread = threading._start_new_thread = lambda *a, **k: 1
if hasattr(threading, "_start_joinable_thread"):
    threading._start_joinable_thread = lambda *a, **k: None
""",
    "clocks": """
import time
time.sleep = lambda s: None
time.monotonic = time.perf_counter = lambda: 0.0
""",
    "queues": """
import queue
class Queue:
    def __init__(self, maxsize=0): self.items = []
    def put(self, item, block=True, timeout=None): self.items.append(item)
    def get(self, block=True, timeout=None): return self.items.pop()
queue.Queue = queue.SimpleQueue = Queue
""",
}
TASK = "\ndef task(i):\n    return sum(range(2000))\n"


@needs_linux
@pytest.mark.parametrize("strategy", ["profile", "sequential", "threads", "processes", "async"])
@pytest.mark.parametrize("what", REPLACED)
def test_a_module_that_replaces_threads_or_clocks_ends(tmp_path: Path, what: str, strategy: str) -> None:
    if (what, strategy) == ("clocks", "processes"):
        pytest.skip(
            "multiprocessing itself waits on the module's clock: only the time limit of the run ends it"
        )
    module = UserModule(tmp_path, REPLACED[what] + TASK)
    answer = ask(profile(module) if strategy == "profile" else batch(module, strategy))
    if strategy in ("profile", "sequential"):
        assert answer.message["event"] == "done", answer.message
    elif answer.message["event"] == "failed":
        # What such a program does is up to it; it must be told soon.
        assert answer.seconds < GIVE_UP_S, answer
    replaced = ask(module.inspect("task")).message
    assert replaced["replaced_by"] == "the module"


def test_an_ordinary_module_replaces_nothing(tmp_path: Path) -> None:
    source = "import asyncio, queue, threading, time\n" + TASK
    assert ask(UserModule(tmp_path, source).inspect("task")).message["replaced_by"] is None
