"""Finds locks, queues and the like that belong to another event loop than the one that uses them."""

from __future__ import annotations

import ast
import asyncio
import linecache
import sys
from types import ModuleType
from typing import Any

from ..errors import LOOP
from ..text import text_of
from . import sentences, source_locations
from .finding_list import FindingList
from .probe import ASYNC, TOGETHER, Probe
from .source_locations import Location

CHECK = "event-loop"

KINDS = (asyncio.Lock, asyncio.Semaphore, asyncio.Event, asyncio.Condition, asyncio.Queue)

TEXTS = ("attached to a different loop", "bound to a different event loop")


class LoopBoundAtImport(Probe):
    """Adds what a module made before there was a loop, which binds it to the wrong one before Python 3.10."""

    def __init__(self, findings: FindingList) -> None:
        self._findings = findings

    def stage_ended(self, form: str, stage: str) -> None:
        """Looks at the globals of the user's modules."""
        if sys.version_info >= (3, 10) or form != ASYNC or stage != TOGETHER:
            return
        loop = asyncio.get_running_loop()
        for module in _modules_of_user():
            for name, value in list(vars(module).items()):
                for owned, known_as in [(value, name), *_parts(value, name)]:
                    if isinstance(owned, KINDS) and getattr(owned, "_loop", loop) is not loop:
                        self._add(module, owned, known_as)

    def _add(self, module: ModuleType, owned: Any, name: str) -> None:
        made = _line_that_makes(module, type(owned).__name__, name)
        self._findings.add(CHECK, LOOP, sentences.bound_at_import(name), made)


def _parts(value: Any, name: str) -> list[tuple[Any, str]]:
    """Returns the attributes of an object of a class of the user."""
    module = sys.modules.get(type(value).__module__)
    file = getattr(module, "__file__", None)
    if not file or source_locations.owner(file) != source_locations.USER or isinstance(value, type):
        return []
    return [(part, f"{name}.{key}") for key, part in list(getattr(value, "__dict__", {}).items())]


def _modules_of_user() -> list[ModuleType]:
    files = [(module, getattr(module, "__file__", None)) for module in list(sys.modules.values())]
    return [
        module for module, file in files if file and source_locations.owner(file) == source_locations.USER
    ]


def of_another_loop(error: BaseException) -> str | None:
    """Returns the words for an error that says that something belongs to another loop."""
    if not isinstance(error, RuntimeError) or not any(text in text_of(error) for text in TEXTS):
        return None
    owned = _owner_of(error)
    for module in _modules_of_user() if owned is not None else ():
        for name, value in list(vars(module).items()):
            for part, known_as in [(value, name), *_parts(value, name)]:
                if part is owned:
                    made = _line_that_makes(module, type(owned).__name__, known_as)
                    return sentences.of_another_loop(f"`{known_as}`", made.line if made else None)
    return (
        of_future() if owned is None else sentences.of_another_loop(sentences.a(type(owned).__name__), None)
    )


def of_future() -> str:
    """Returns the words for a future or task of another loop."""
    return sentences.of_another_loop("a future or a task that is awaited here", None)


def _owner_of(error: BaseException) -> Any:
    """Returns the lock, queue or event in whose method an error was raised; for others the future."""
    owned, traceback = None, error.__traceback__
    while traceback is not None:
        itself = traceback.tb_frame.f_locals.get("self")
        if isinstance(itself, KINDS) and owned is None:
            owned = itself
        traceback = traceback.tb_next
    return owned


def _line_that_makes(module: ModuleType, kind: str, name: str) -> Location | None:
    """Returns the line of a module that assigns a new object of a kind to a name."""
    file = module.__file__ or ""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return None
    last = name.rsplit(".", 1)[-1]
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not isinstance(node.value, ast.Call):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {getattr(target, "id", getattr(target, "attr", None)) for target in targets}
        if last in names and _name_of(node.value.func) == kind:
            return Location(file, node.lineno, None)
    return None


def _name_of(node: ast.expr) -> str | None:
    return getattr(node, "attr", getattr(node, "id", None))
