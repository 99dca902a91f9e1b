from __future__ import annotations

import pytest

from .helpers import ModuleMaker, done

LIMITS = """
import asyncio, threading
gate = asyncio.Semaphore(10)
unused = asyncio.Semaphore(3)
slots = threading.BoundedSemaphore(4)
lock = threading.Lock()

class Api:
    shared = threading.Semaphore(2)
    def __init__(self):
        self.calls = asyncio.Semaphore(6)
    async def get(self, item):
        async with self.calls:
            return item

api = Api()

async def gated(item):
    async with gate:
        return item

async def helper(item):
    return await gated(item)

async def indirect(item):
    return await helper(item)

async def by_object(item):
    return await api.get(item)

def by_thread(item):
    with slots, lock:
        return item

def nested(item):
    def inner():
        with slots:
            return item
    return inner()

def free(item):
    return item
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gated", [("gate", "asyncio.Semaphore", 10, True)]),
        ("indirect", [("gate", "asyncio.Semaphore", 10, True)]),
        ("by_thread", [("slots", "threading.BoundedSemaphore", 4, False)]),
        ("nested", [("slots", "threading.BoundedSemaphore", 4, False)]),
        ("free", []),
        (
            "by_object",
            [("api.calls", "asyncio.Semaphore", 6, True), ("api.shared", "threading.Semaphore", 2, False)],
        ),
    ],
)
def test_the_limits_that_a_callable_reaches_are_found(
    module: ModuleMaker, name: str, expected: list[tuple[str, str, int, bool]]
) -> None:
    found = done(module(LIMITS).inspect(name))["own_limits"]
    assert sorted((o["name"], o["kind"], o["permits"], o["one_loop"]) for o in found) == expected


def test_an_object_of_one_loop_that_is_no_semaphore_has_no_permits(module: ModuleMaker) -> None:
    source = "import asyncio\nready = asyncio.Event()\nasync def f(item): await ready.wait()\n"
    (found,) = done(module(source).inspect("f"))["own_limits"]
    assert found == {"name": "ready", "kind": "asyncio.Event", "permits": None, "one_loop": True}


def test_objects_that_answer_to_every_name_are_left_alone(module: ModuleMaker) -> None:
    source = """
class Proxy:
    def __getattr__(self, name): raise RuntimeError("not now")
proxy = Proxy()
proxy_list = [proxy]
def f(item): return proxy if item is None else proxy_list
"""
    assert done(module(source).inspect("f"))["own_limits"] == []
