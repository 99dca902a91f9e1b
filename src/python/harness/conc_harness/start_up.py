"""Measures how long workers take to start, without any module of the user."""

from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Callable
from typing import Any

from .interpreters import InterpreterPool
from .job import Job
from .pool import ProcessPool, WorkerPool
from .primitives import perf_counter_ns
from .requests import JsonObject, StartUpRequest


def nothing(item: Any) -> Any:
    """A task that does nothing."""
    return item


def measure(request: StartUpRequest) -> JsonObject:
    """Returns the seconds to start one worker, and then some more; None for a kind that there is not.

    A fork server that starts with the first worker serves the others too.
    """
    if request.start_method is not None:
        multiprocessing.set_start_method(request.start_method)
    job = Job(request.batch)
    has_interpreters = hasattr(importlib.import_module("concurrent.futures"), "InterpreterPoolExecutor")
    processes = _measure(job, ProcessPool)
    return {
        "workers": job.width,
        "processes": processes,
        "interpreters": _measure(job, InterpreterPool) if has_interpreters else None,
    }


def _measure(job: Job, open_pool: Callable[[Job, int], WorkerPool]) -> list[float]:
    """Returns the seconds to start a pool of one worker, and then one of as many as the width."""
    seconds = []
    for workers in (1, job.width):
        requested = perf_counter_ns()
        pool = open_pool(job, workers)
        seconds.append((perf_counter_ns() - requested) * 1e-9)
        pool.close()
    return seconds
