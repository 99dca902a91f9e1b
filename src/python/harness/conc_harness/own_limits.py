"""Finds the objects of the user's modules that limit tasks themselves, such as a semaphore."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .callables import Step
from .requests import JsonObject
from .user_code import is_of_user

# Classes whose objects belong to the event loop that first uses them, by module and name.
ONE_LOOP = frozenset(
    (
        ("asyncio.locks", "Lock"),
        ("asyncio.locks", "Event"),
        ("asyncio.locks", "Condition"),
        ("asyncio.locks", "Semaphore"),
        ("asyncio.locks", "BoundedSemaphore"),
        ("asyncio.queues", "Queue"),
        ("aiohttp.client", "ClientSession"),
        ("httpx", "AsyncClient"),
        ("httpx._client", "AsyncClient"),
    )
)

# Classes whose objects let a number of tasks through at a time.
SEMAPHORES = frozenset(
    (
        ("asyncio.locks", "Semaphore"),
        ("asyncio.locks", "BoundedSemaphore"),
        ("threading", "Semaphore"),
        ("threading", "BoundedSemaphore"),
    )
)

# Attributes of attributes are followed to this depth: `client.limits.gate`.
MAX_DEPTH = 3


def own_limits(steps: Iterable[Step]) -> list[JsonObject]:
    """Returns the limits that the code of the steps refers to, each once."""
    search = LimitSearch()
    for step in steps:
        for form in (step.blocking, step.coroutine):
            search.follow(step.name, form, (), 0)
    return list(search.found.values())


class LimitSearch:
    """Follows the names in the code of functions to objects of the user's modules."""

    def __init__(self) -> None:
        self.found: dict[int, JsonObject] = {}
        self._seen: set[int] = set()

    def follow(self, path: str, value: Any, names: Iterable[str], depth: int) -> None:
        """Looks at an object that code refers to as `path`; `names` are all names of that code."""
        if depth > MAX_DEPTH:
            return
        known = _class_of(value)
        if known in ONE_LOOP or known in SEMAPHORES:
            self.found[id(value)] = _limit(path, value, known)
            return
        if isinstance(value, ModuleType):
            if is_of_user(getattr(value, "__file__", None)):
                for name in names:
                    if name in vars(value):
                        self.follow(f"{path}.{name}", vars(value)[name], names, depth + 1)
            return
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, partial):
            for part in (value.func, *value.args, *value.keywords.values()):
                self.follow(path, part, (), depth + 1)
            return
        function = value.__func__ if isinstance(value, MethodType) else value
        if isinstance(function, FunctionType):
            self._follow_function(function)
            self.follow(path, function.__dict__.get("__wrapped__"), names, depth)
        elif is_of_user(_file_of(value if isinstance(value, type) else type(value))):
            for name, attribute in _attributes(value):
                self.follow(f"{path}.{name}", attribute, (), depth + 1)

    def _follow_function(self, function: FunctionType) -> None:
        if not is_of_user(function.__code__.co_filename):
            return
        names = set(_names(function.__code__))
        for name in names & function.__globals__.keys():
            self.follow(name, function.__globals__[name], names, 0)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            try:
                self.follow(name, cell.cell_contents, names, 0)
            except ValueError:
                # The variable has no value yet.
                continue


def _class_of(value: Any) -> tuple[str, str]:
    kind = type(value)
    return str(getattr(kind, "__module__", "")), kind.__name__


def _limit(path: str, value: Any, known: tuple[str, str]) -> JsonObject:
    permits = getattr(value, "_value", None) if known in SEMAPHORES else None
    module = known[0].split(".")[0]
    return {
        "name": path,
        "kind": f"{module}.{known[1]}",
        "permits": permits if isinstance(permits, int) and permits > 0 else None,
        "one_loop": known in ONE_LOOP,
    }


def _names(code: CodeType) -> Iterator[str]:
    """Returns the global names and attributes that code and the functions inside it use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    owners = (value,) if isinstance(value, type) else (value, type(value))
    for owner in owners:
        yield from dict(getattr(owner, "__dict__", {})).items()


def _file_of(kind: type) -> str | None:
    return getattr(sys.modules.get(kind.__module__), "__file__", None)
