from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from conc_harness.errors import DIED, RAISED
from conc_harness.requests import JsonObject

from .helpers import ModuleMaker, UserModule, done

SOURCE = """
import asyncio, os, signal, threading, time

lock, inside, most, stored = threading.Lock(), 0, 0, []

def enter():
    global inside, most
    with lock:
        inside += 1
        most = max(most, inside)

def fetch(i):
    enter()
    return i

async def fetch_async(i):
    enter()
    await asyncio.sleep(0.001 if i % 5 else 0.01)
    return i

def parse(i):
    return i * 2

def dies(i):
    if i == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return i * 2

def picky(i):
    time.sleep(0.001 if i % 5 else 0.01)
    if i % 4 == 3:
        raise ValueError("no")
    return i

def store(value):
    global inside
    time.sleep(0.001)
    with lock:
        inside -= 1
        stored.append(value)
    return value

def save_books(value):
    result = store(value)
    with open(BOOKS, "w") as file:
        file.write(str([most, stored]))
    return result
"""


def line(
    user: UserModule, callables: str, kinds: str, workers: Sequence[int], ordered: int | None = None
) -> JsonObject:
    """Returns a batch of 40 tasks through a pipeline whose queues hold two tasks."""
    request = user.batch("pipeline", *callables.split(), tasks=40, width=sum(workers))
    stages = [{"kind": kind, "workers": n} for kind, n in zip(kinds.split(), workers)]
    return {**request, "pipeline": {"stages": stages, "queue": 2, "ordered": ordered}}


def books(user: UserModule) -> tuple[int, list[int]]:
    most, stored = json.loads((user.directory / "books").read_text())
    return most, stored


def with_books(module: ModuleMaker) -> UserModule:
    user = module(SOURCE)
    user.file.write_text(f"BOOKS = {str(user.directory / 'books')!r}\n{SOURCE}")
    return user


@pytest.mark.parametrize(
    ("callables", "kinds"),
    [
        ("fetch parse store", "thread thread thread"),
        ("fetch parse store", "loop process thread"),
        ("fetch parse store", "thread process thread"),
        ("fetch parse", "loop process"),
    ],
)
def test_every_kind_of_stage_runs_every_task(module: ModuleMaker, callables: str, kinds: str) -> None:
    user = module(SOURCE)
    request = line(user, callables, kinds, [3, 2, 1][: len(kinds.split())])
    report = done(request)
    results = user.open_results(request)
    assert report["errors"] == [] and list(results.status) == [1] * 40
    assert all(results.latency) and all(results.ended)
    assert (report["ipc"] is not None) == ("process" in kinds)


@pytest.mark.parametrize("kinds", ["thread thread thread", "loop thread thread"])
def test_a_slow_last_stage_holds_back_the_first(module: ModuleMaker, kinds: str) -> None:
    user = with_books(module)
    done(line(user, "fetch parse save_books", kinds, [4, 2, 1]))
    most, stored = books(user)
    assert len(stored) == 40
    # The workers, and two queues of two tasks.
    assert 1 < most <= 7 + 4


@pytest.mark.parametrize("kinds", ["thread thread thread", "loop thread thread"])
def test_an_ordered_stage_gets_tasks_as_they_began(module: ModuleMaker, kinds: str) -> None:
    user = with_books(module)
    report = done(line(user, "fetch picky save_books", kinds, [4, 3, 1], ordered=2))
    assert [(error["code"], "no" in error["message"]) for error in report["errors"]] == [(RAISED, True)]
    assert books(user)[1] == [i for i in range(40) if i % 4 != 3]


def test_a_stage_whose_process_dies_goes_on_without_the_cause(module: ModuleMaker) -> None:
    user = module(SOURCE)
    request = line(user, "fetch dies store", "loop process thread", [3, 2, 1])
    report = done(request)
    status = list(user.open_results(request).status)
    assert status.count(1) == 39 and status[7] != 1
    [error] = report["errors"]
    assert error["code"] == DIED and "SIGKILL" in error["message"]


def test_no_task_begins_after_the_time(module: ModuleMaker) -> None:
    user = module("import time\ndef nap(i): time.sleep(0.05)\ndef pass_on(i): return i\n")
    for kinds in ("thread thread", "loop thread"):
        request = user.batch("pipeline", "nap", "pass_on", tasks=1000, width=2)
        stages = [{"kind": kind, "workers": 1} for kind in kinds.split()]
        request["pipeline"] = {"stages": stages, "queue": 2, "ordered": None}
        done({**request, "stop_starting_after_s": 0.5})
        status = list(user.open_results(request).status)
        assert 0 < status.count(1) < 1000 and status.count(0) == 1000 - status.count(1)
