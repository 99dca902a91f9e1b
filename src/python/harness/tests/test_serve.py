from __future__ import annotations

import sys

import pytest

from conc_harness.digest import digest
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
def two(item, *, other): pass
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
        ("two", "argument: 'other'"),
        ("two", "task = functools.partial(two, ...)"),
        ("Client.get", "it is a method"),
    ],
)
def test_a_callable_that_conc_cannot_call_is_refused(module: ModuleMaker, name: str, expected: str) -> None:
    code, message = failure(module(FORMS).inspect(name))
    assert code == "E-PYTHON-003" and expected in message


PAIRS = """
import functools
items = [("a", 1), ["b", 2], ("c", 3)]
def pair(name, count): return name * count
async def wait(name, count): return name * count
def three(a, b, c): return a
def optional(item, other=2): return item
def own(item): return item
def both(name, count): return name
async def both_async(item): return item
bound = functools.partial(pair, count=2)
awaited = functools.partial(wait, "x")
class Client:
    def __call__(self, name, count): return name * count
client = Client()
"""


@pytest.mark.parametrize("strategy", ["sequential", "async", "threads"])
@pytest.mark.parametrize(
    ("name", "outputs"),
    [
        ("pair", ["a", "bb", "ccc"]),
        ("wait", ["a", "bb", "ccc"]),
        ("client", ["a", "bb", "ccc"]),
        ("own", [("a", 1), ["b", 2], ("c", 3)]),
        ("optional", [("a", 1), ["b", 2], ("c", 3)]),
    ],
)
def test_a_tuple_is_passed_as_the_arguments_that_a_callable_needs(
    module: ModuleMaker, strategy: str, name: str, outputs: list[object]
) -> None:
    user = module(PAIRS)
    report = done(user.inspect(name, own_items=True))
    assert report["steps"][0]["unpacks"] is (name in ("pair", "wait", "client")) and report["items"] == 3
    request = user.batch(strategy, name, tasks=3)
    request["header"]["own_items"] = True
    done(request)
    assert list(user.open_results(request).digest) == [digest(output) for output in outputs]


def test_annotations_may_name_what_only_a_type_checker_imports(module: ModuleMaker) -> None:
    source = "from __future__ import annotations\n" if sys.version_info < (3, 14) else ""
    user = module(f"{source}def fetch(item: Page, more: Pages = 1): pass\n")
    assert done(user.inspect("fetch"))["steps"][0]["takes_item"] is True


@pytest.mark.parametrize("name", ["bound", "awaited"])
def test_a_partial_object_is_a_callable_of_one_argument(module: ModuleMaker, name: str) -> None:
    user = module(PAIRS)
    report = done(user.inspect(name))
    assert report["steps"][0]["awaitable"] is (name == "awaited") and not report["steps"][0]["unpacks"]
    for strategy in ("sequential", "threads", "async"):
        request = user.batch(strategy, name, tasks=3)
        done(request)
        assert list(user.open_results(request).status) == [1, 1, 1], strategy


@pytest.mark.parametrize(
    ("name", "own", "expected"),
    [
        (
            "three",
            True,
            "'three' needs 3 arguments (a, b, c), and item 1 of `items` is ('a', 1), not a tuple of 3",
        ),
        ("pair", False, "an item of --items, ::: or --tasks is one value, not a tuple of 2"),
        ("both", True, "'both' and its async form need different arguments"),
    ],
)
def test_items_that_do_not_fit_the_arguments_are_refused(
    module: ModuleMaker, name: str, own: bool, expected: str
) -> None:
    code, message = failure(module(PAIRS).inspect(name, own_items=own))
    assert code == "E-PYTHON-003" and expected in message


@pytest.mark.parametrize(
    "items", ["range(9)", "itertools.count()", "[2, 3, 5, 7]", "lambda: itertools.count()"]
)
def test_the_first_items_of_a_module_are_taken(module: ModuleMaker, items: str) -> None:
    user = module(f"import itertools\nitems = {items}\ndef f(item): return item\n")
    request = user.inspect("f", own_items=True)
    request["header"]["most_items"] = 3
    assert done(request)["items"] == 3


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
