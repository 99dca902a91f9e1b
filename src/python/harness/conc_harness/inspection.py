"""Describes the callables of a workload before anything runs."""

from __future__ import annotations

import sys
from time import perf_counter

from .callables import load_module, load_steps, own_items
from .own_limits import own_limits
from .requests import InspectRequest, JsonObject


def inspect(request: InspectRequest) -> JsonObject:
    """Returns the forms of every step, and how many items the module offers."""
    header = request.header
    begun = perf_counter()
    steps = load_steps(header.steps)
    import_s = perf_counter() - begun
    start_method = _start_method()
    items = own_items(load_module(header.steps[0])) if header.own_items else None
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
        "items": None if items is None else len(items),
        "import_s": import_s,
        "start_method": start_method,
    }


def _start_method() -> str | None:
    """Returns the start method that the user's modules have set; None if they set none."""
    if "multiprocessing" not in sys.modules:
        return None
    import multiprocessing

    return multiprocessing.get_start_method(allow_none=True)
