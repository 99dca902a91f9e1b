"""Stand-ins for trio, curio, twisted and gevent, which behave as these do on asyncio."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from conc_harness.foreign import explain, replaced_by

from .helpers import ModuleMaker, done

LIBRARIES = {
    "trio": """
async def sleep(seconds):
    raise RuntimeError("must be called from async context")
async def nursery():
    raise AttributeError("'RunContext' object has no attribute 'runner'")
""",
    "curio": """
import types
@types.coroutine
def sleep(seconds):
    return (yield ("trap_sleep", seconds))
""",
    "twisted": """
class Deferred:
    def __await__(self):
        yield self
Deferred.__module__ = "twisted.internet.defer"
class ReactorNotRestartable(Exception):
    pass
ReactorNotRestartable.__module__ = "twisted.internet.error"
def run():
    raise ReactorNotRestartable()
""",
}

TASKS = """
import trio, curio, twisted
async def sleeps(i): await trio.sleep(1)
async def opens(i): await trio.nursery()
async def curious(i): await curio.sleep(1)
async def deferred(i): await twisted.Deferred()
def returned(i): return twisted.Deferred()
def restarted(i): twisted.run()
async def other(i):
    class Odd:
        def __await__(self): yield "odd"
    await Odd()
def own(i): raise RuntimeError("must be called from async context")
"""


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, text in LIBRARIES.items():
        directory = tmp_path / "site-packages" / name
        directory.mkdir(parents=True)
        (directory / "__init__.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    yield
    for name in LIBRARIES:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("strategy", ["sequential", "threads", "async"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sleeps", "a coroutine of trio: `async` here is asyncio, which cannot run it (tasks_"),
        ("opens", "a coroutine of trio: `async` here is asyncio, which cannot run it (tasks_"),
        ("curious", "a coroutine of curio: `async` here is asyncio, which cannot run it (tasks_"),
        ("deferred", "a coroutine of twisted: `async` here is asyncio, which cannot run it (tasks_"),
        ("returned", "it returned a Deferred of twisted, whose work has not been done"),
        ("restarted", "the reactor of twisted runs once per process (tasks_"),
        ("other", "`async` here is asyncio, which cannot await this (tasks_"),
    ],
)
def test_tasks_of_another_library_are_told_what_async_is(
    libraries: None, module: ModuleMaker, name: str, told: str, strategy: str
) -> None:
    [failure] = done(module(TASKS).batch(strategy, name, tasks=2))["errors"]
    assert failure["code"] == "E-ASYNC-009" and failure["message"].startswith(told), failure


def test_the_same_words_in_the_users_own_code_say_nothing(libraries: None, module: ModuleMaker) -> None:
    [failure] = done(module(TASKS).batch("sequential", "own", tasks=2))["errors"]
    assert failure["code"] == "E-PYTHON-004" and failure["message"].startswith("RuntimeError"), failure
    assert explain(ValueError("no")) is None


@pytest.mark.parametrize(
    ("library", "told"), [("gevent", "gevent"), ("eventlet", "eventlet"), ("stand_in", "the module")]
)
def test_what_replaces_threads_is_named(monkeypatch: pytest.MonkeyPatch, library: str, told: str) -> None:
    assert replaced_by() is None

    def sleep(seconds: float) -> None:
        del seconds

    sleep.__module__ = f"{library}.hub"
    monkeypatch.setitem(sys.modules, library, ModuleType(library))
    monkeypatch.setattr("time.sleep", sleep)
    assert replaced_by() == told
