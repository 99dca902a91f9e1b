"""Finds the library functions that the code of callables calls by name, without running anything."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .callables import Step
from .requests import JsonObject
from .user_code import is_of_user

# A callable with more names than this does too many things for one of them to explain it.
MAX_CALLS = 32

# Operations that look a name up in an object, in all supported versions.
_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD"))


def library_calls(steps: Iterable[Step]) -> list[JsonObject]:
    """Returns the functions of libraries that the steps name, such as `lxml.html.fromstring`, each once."""
    search = CallSearch()
    for step in steps:
        for form in (step.blocking, step.coroutine):
            search.follow(form)
    found = sorted(search.found) if len(search.found) <= MAX_CALLS else []
    return [{"name": name, "version": _version_of(name)} for name in found]


# Kinds of functions that are not written in Python.
_FUNCTIONS = frozenset(("builtin_function_or_method", "cython_function_or_method"))


class CallSearch:
    """Follows the names in the code of the user's functions to functions of libraries."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._seen: set[int] = set()

    def follow(self, value: Any) -> None:
        """Looks at the code of a function of the user's."""
        while isinstance(value, (partial, MethodType)):
            value = value.func if isinstance(value, partial) else value.__func__
        if not isinstance(value, FunctionType) or id(value) in self._seen:
            return
        self._seen.add(id(value))
        self.follow(value.__dict__.get("__wrapped__"))
        if is_of_user(value.__code__.co_filename):
            for name, called in _named(value.__code__, value.__globals__):
                if isinstance(called, FunctionType) and is_of_user(called.__code__.co_filename):
                    self.follow(called)
                elif name and callable(called):
                    self.found.add(name)


def _named(code: CodeType, variables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Returns what code refers to by a global name and attributes of modules, with its full name."""
    name, value = "", None
    for step in dis.get_instructions(code):
        if step.opname in _ATTRIBUTES and isinstance(value, ModuleType):
            # Only what is there already: a module may import its parts when they are asked for.
            name, value = f"{value.__name__}.{step.argval}", vars(value).get(step.argval)
            continue
        if value is not None:
            yield name, value
            value = None
        if step.opname == "LOAD_GLOBAL":
            value = variables.get(step.argval)
            name = _name_of(value)
    if value is not None:
        yield name, value
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _named(constant, variables)


def _name_of(value: Any) -> str:
    """Returns the name under which a function or class is defined; empty for an object of another kind."""
    if isinstance(value, ModuleType):
        return value.__name__
    # Other objects may answer to every name.
    if isinstance(value, (FunctionType, type)) or type(value).__name__ in _FUNCTIONS:
        return f"{value.__module__}.{value.__qualname__}"
    return ""


def _version_of(name: str) -> str | None:
    """Returns the version that a library says it has; None for those of the standard library."""
    version = vars(sys.modules.get(name.split(".")[0], sys)).get("__version__")
    return version if isinstance(version, str) else None
