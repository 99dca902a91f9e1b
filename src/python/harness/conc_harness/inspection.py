"""Describes the callables of a workload before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

from .callables import Step, load_module, load_steps, own_items
from .own_limits import own_limits
from .requests import InspectRequest, JsonObject


def load(request: InspectRequest) -> tuple[list[Step], JsonObject]:
    """Imports the callables; returns them and the seconds and CPU seconds that it took."""
    begun, used = perf_counter(), process_time()
    steps = load_steps(request.header.steps)
    return steps, {"import_s": perf_counter() - begun, "import_cpu_s": process_time() - used}


def describe(
    request: InspectRequest, steps: list[Step], count: Callable[[Callable[[], list[Any] | None]], int | None]
) -> JsonObject:
    """Returns the forms of every step, and how many items the module offers."""
    header = request.header
    start_method = _start_method()
    return {
        "steps": [
            {
                "name": step.name,
                "blocking": step.blocking is not None,
                "awaitable": step.coroutine is not None,
                "takes_item": step.takes_item,
            }
            for step in steps
        ],
        "own_limits": own_limits(steps),
        "items": count(lambda: own_items(load_module(header.steps[0]))) if header.own_items else None,
        "start_method": start_method,
    }


def _start_method() -> str | None:
    """Returns the start method that the user's modules have set; None if they set none."""
    if "multiprocessing" not in sys.modules:
        return None
    import multiprocessing

    return multiprocessing.get_start_method(allow_none=True)


def count(items: Callable[[], list[Any] | None]) -> int | None:
    """Returns the number of items."""
    found = items()
    return None if found is None else len(found)
