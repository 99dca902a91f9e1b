from __future__ import annotations

import pytest

from conc_harness.serve import STRATEGY_MODULES, serve

from .helpers import FakeChannel, ModuleMaker, answer, done

FORMS = """
import asyncio
items = ["a", "b", "c"]
def fetch(item): return {"item": item}
async def fetch_async(item): return {"item": item}
async def only(item): return item
def plain(): return 1
def gen(item): yield item
def two(item, other): pass
class Client:
    def get(self, item): pass
"""


def failure(request: dict[str, object]) -> tuple[str, str]:
    channel = answer(request)
    assert channel.events() == ["failed"]
    return channel.sent[0]["code"], channel.sent[0]["message"]


def test_without_a_request_nothing_is_sent() -> None:
    channel = FakeChannel(None)
    assert serve(channel) is False
    assert channel.sent == [] and not channel.waited


def test_the_forms_of_callables_are_described(module: ModuleMaker) -> None:
    report = done(module(FORMS).inspect("fetch", "only", "plain", own_items=True))
    forms = [(step["blocking"], step["awaitable"], step["takes_item"]) for step in report["steps"]]
    assert forms == [(True, True, True), (False, True, True), (True, False, False)]
    assert report["items"] == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fetsh", "did you mean 'fetch'?"),
        ("items", "is list and cannot be called"),
        ("gen", "is a generator"),
        ("two", "missing a required argument: 'other'"),
        ("Client.get", "it is a method"),
    ],
)
def test_a_callable_that_conc_cannot_call_is_refused(module: ModuleMaker, name: str, expected: str) -> None:
    code, message = failure(module(FORMS).inspect(name))
    assert code == "E-PYTHON-003" and expected in message


@pytest.mark.parametrize("source", ["def f(i): return (\n", "1 / 0\n", "import sys; sys.exit(5)\n"])
def test_a_module_that_cannot_be_imported_is_shown_by_its_traceback(module: ModuleMaker, source: str) -> None:
    user = module(source)
    code, message = failure(user.inspect("f"))
    assert code == "E-PYTHON-002" and user.file.name in message
    assert "conc_harness" not in message


@pytest.mark.parametrize("strategy", ["sequential", "async", "threads"])
def test_a_batch_records_every_task(module: ModuleMaker, strategy: str) -> None:
    source = "def f(i):\n    if i == 2: raise ValueError('two')\n    return i\n"
    user = module(source)
    request = user.batch(strategy, "f", tasks=5)
    channel = answer(request)
    assert channel.events() == ["ready", "done"]
    (error,) = channel.sent[-1]["errors"]
    assert error["code"] == "E-PYTHON-004"
    assert error["message"].startswith(f"ValueError: two ({user.file.name}:")
    results = user.open_results(request)
    assert list(results.status) == [1, 1, 2, 1, 1]
    assert all(latency > 0 for latency in results.latency)
    assert [results.digest[task] for task in (0, 1, 3, 4)] == [0, 1, 3, 4]


def test_a_thread_that_never_ends_its_task_is_reported_as_stuck(module: ModuleMaker) -> None:
    source = "import threading\nevent = threading.Event()\ndef f(i): event.wait()\n"
    user = module(source)
    request = user.batch("threads", "f", tasks=1, width=1, timeout_s=0.05)
    channel = FakeChannel(request)
    assert serve(channel) is True
    assert channel.sent[-1]["errors"] == [{"code": "E-TASK-003", "message": "timed out"}]
    # Lets the thread end, so that this test can.
    import sys

    sys.modules[user.file.stem].event.set()


def test_every_strategy_has_a_module() -> None:
    import importlib

    for name in set(STRATEGY_MODULES.values()):
        assert callable(importlib.import_module(f"conc_harness.{name}").run)
