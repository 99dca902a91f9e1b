"""Describes the callables of a workload before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from . import foreign
from .callables import Step, arguments_of, load_module, load_steps, no_tuple, own_items
from .library_calls import library_calls
from .own_limits import own_limits
from .primitives import perf_counter, process_time
from .requests import InspectRequest, JsonObject, RequestHeader


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
                "unpacks": bool(step.unpacked),
            }
            for step in steps
        ],
        "own_limits": own_limits(steps),
        "library_calls": library_calls(steps),
        "replaced_by": foreign.replaced_by(),
        "items": _count_items(header, steps[0], count),
        "start_method": start_method,
    }


def _count_items(
    header: RequestHeader, step: Step, count: Callable[[Callable[[], list[Any] | None]], int | None]
) -> int | None:
    """Returns how many items the module offers; raises CodedError if they are not what the step needs."""
    found = count(lambda: _checked_items(header, step)) if header.own_items else None
    # Without items of the module, tasks get lines of text or numbers, or there are none at all.
    if step.unpacked and found is None and (not header.own_items or header.most_items is not None):
        raise no_tuple(step.name, step.unpacked, "an item of --items, ::: or --tasks is one value")
    return found


def _checked_items(header: RequestHeader, step: Step) -> list[Any] | None:
    items = own_items(load_module(header.steps[0]), header.most_items)
    if step.unpacked:
        for number, item in enumerate(items or (), 1):
            arguments_of(item, step.name, step.unpacked, f"item {number} of `items`")
    return items


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
