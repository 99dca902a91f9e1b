from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conc_harness.requests import JsonObject, ServeRequest, parse_request
from conc_harness.serving import TIMED_ITEMS, ItemServer, failure, retry_after_s, shown

from .helpers import ModuleMaker, UserModule

SOURCE = """
import asyncio, time
items = ["x", "y"]
def double(item): return item * 2
def fail(item): raise ValueError("bad " + item)
async def wait(item):
    if item == "long": await asyncio.sleep(3600)
    await asyncio.sleep(0)
    return item
async def block(item):
    time.sleep(0.02)
    await asyncio.sleep(0.03)
    return item
"""


class Lines:
    """A channel with messages that are known before."""

    def __init__(self, *messages: JsonObject) -> None:
        self._messages = messages
        self.sent: list[JsonObject] = []

    def receive(self) -> JsonObject | None:
        raise AssertionError("the request was read before")

    def messages(self) -> Iterator[JsonObject]:
        yield from self._messages

    def send(self, event: str, **message: Any) -> None:
        self.sent.append({"event": event, **message})

    def wait_for_end(self) -> None:
        raise AssertionError("the end is the end of the messages")

    def results(self) -> dict[int, JsonObject]:
        assert self.sent[0]["event"] == "ready"
        return {answer["n"]: answer for answer in self.sent[1:]}


def serve(tasks: UserModule, name: str, strategy: str, *messages: JsonObject, own: bool = False) -> Lines:
    header = tasks.header(name, own_items=own)
    request = parse_request({"role": "serve", "header": header, "strategy": strategy})
    assert isinstance(request, ServeRequest)
    channel = Lines(*messages)
    ItemServer(request, channel).run()
    return channel


@pytest.mark.parametrize("strategy", ["sequential", "threads", "async"])
def test_every_item_gets_one_answer(module: ModuleMaker, strategy: str) -> None:
    tasks = module(SOURCE)
    messages = [{"n": number, "item": f"i{number}"} for number in range(20)]
    results = serve(tasks, "double", strategy, *messages).results()
    assert {n: answer["value"] for n, answer in results.items()} == {n: f"i{n}i{n}" for n in range(20)}
    assert all(answer["seconds"] >= 0 for answer in results.values())


@pytest.mark.parametrize("strategy", ["sequential", "threads", "async"])
def test_a_failure_is_an_answer_too(module: ModuleMaker, strategy: str) -> None:
    results = serve(module(SOURCE), "fail", strategy, {"n": 1, "item": "a"}).results()
    assert results[1]["code"] == "E-PYTHON-004"
    assert results[1]["message"].startswith("ValueError: bad a (tasks_")


def test_a_task_that_is_awaited_can_be_given_up(module: ModuleMaker) -> None:
    messages: list[JsonObject] = [{"n": 1, "item": "long"}, {"n": 2, "item": "b"}, {"cancel": 1}]
    # Before its first step or after it, as the thread that reads messages has it.
    for _ in range(20):
        results = serve(module(SOURCE), "wait", "async", *messages).results()
        assert (results[1]["code"], results[2]["value"]) == ("E-ASYNC-003", "b")


def test_the_module_may_have_the_items(module: ModuleMaker) -> None:
    channel = serve(module(SOURCE), "double", "threads", {"n": 7, "item": 1}, own=True)
    assert channel.sent[0]["items"] == 2
    assert channel.results()[7]["value"] == "yy"


def test_a_value_that_json_lacks_is_shown() -> None:
    assert shown({"a": [1, None]}) == {"value": {"a": [1, None]}}
    assert shown({1, 2}) == {"repr": "{1, 2}"}
    assert shown(float("nan")) == {"repr": "nan"}


class RefusedError(Exception):
    def __init__(self, value: str) -> None:
        super().__init__("429")
        self.headers = {"Retry-After": value}


def test_the_pause_that_a_server_asks_for_is_passed_on() -> None:
    assert failure(RefusedError("3"))["retry_after_s"] == 3.0
    past = retry_after_s(RefusedError("Wed, 21 Oct 2015 07:28:00 GMT"))
    assert past == 0.0
    assert retry_after_s(RefusedError("soon")) is None
    assert retry_after_s(ValueError("x")) is None
    assert retry_after_s(RefusedError("999999999")) == 3600.0


def test_the_first_items_of_a_loop_say_how_long_they_held_it(module: ModuleMaker) -> None:
    tasks = module(SOURCE)
    waits = serve(tasks, "wait", "async", {"n": 1, "item": "a"}).results()
    assert 0.0 <= waits[1]["held_s"] < 0.015
    blocks = serve(tasks, "block", "async", *({"n": number, "item": "a"} for number in range(20))).results()
    timed = [answer["held_s"] for answer in blocks.values() if answer["held_s"] is not None]
    assert len(timed) == TIMED_ITEMS
    assert all(held_s >= 0.02 for held_s in timed)


def test_a_timed_coroutine_is_cancelled_as_any_other(module: ModuleMaker) -> None:
    messages: list[JsonObject] = [{"n": 1, "item": "long"}, {"n": 2, "item": "a"}, {"cancel": 1}]
    results = serve(module(SOURCE), "wait", "async", *messages).results()
    assert results[2]["value"] == "a"
    assert "code" in results[1]
