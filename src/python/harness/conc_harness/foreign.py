"""Recognises programs of libraries that bring an event loop or threads of their own.

Coroutines of trio and curio, and Deferreds of twisted, cannot wait on the event loop of asyncio. gevent and
eventlet replace threads, sleeping and sockets, so that strategies do something else than their names say.
"""

from __future__ import annotations

import _thread
import queue
import sys
import threading
import time
import traceback
from typing import Any

from .text import text_of
from .user_code import innermost_package

# Libraries whose coroutines do not run on asyncio.
WITH_OWN_LOOP = ("trio", "curio", "twisted")

# Libraries that run what looks like threads in one thread.
GREEN_THREADS = ("gevent", "eventlet")

# What asyncio says of something awaited that it does not know, and what trio says without its own loop.
BAD_YIELD = "Task got bad yield: "
OUTSIDE_OF_TRIO = ("must be called from async context", "'RunContext' object has no attribute")

# Errors of a reactor of twisted that is started a second time.
REACTOR_ERRORS = ("ReactorNotRestartable", "ReactorAlreadyRunning")

# What a library replaces that has threads of its own, as it was before any module of the user.
_ORIGINALS: tuple[tuple[Any, str, Any], ...] = tuple(
    (module, name, getattr(module, name))
    for module, names in (
        (_thread, ("start_new_thread", "allocate_lock")),
        (threading, ("Thread", "Lock", "Event", "Condition", "_start_new_thread")),
        (time, ("sleep", "monotonic", "perf_counter")),
        (queue, ("Queue", "SimpleQueue")),
    )
    for name in names
    if hasattr(module, name)
)
_START = threading.Thread.start


def explain(error: BaseException) -> str | None:
    """Returns what an exception says about a library with a loop of its own; None for other exceptions."""
    text = text_of(error)
    if type(error).__name__ in REACTOR_ERRORS and type(error).__module__.startswith("twisted"):
        return "the reactor of twisted runs once per process"
    is_bad_yield = isinstance(error, RuntimeError) and text.startswith(BAD_YIELD)
    if not is_bad_yield and not any(part in text for part in OUTSIDE_OF_TRIO):
        return None
    frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    library = innermost_package(reversed(frames), with_library=False)
    if library in WITH_OWN_LOOP:
        return f"a coroutine of {library}: `async` here is asyncio, which cannot run it"
    return "`async` here is asyncio, which cannot await this" if is_bad_yield else None


def explain_result(value: Any) -> str | None:
    """Returns what is wrong with a result that stands for work of another library; None for other results."""
    kind = type(value)
    if kind.__name__ == "Deferred" and kind.__module__.startswith("twisted"):
        return "it returned a Deferred of twisted, whose work has not been done"
    return None


def replaced_by() -> str | None:
    """Returns the library that has replaced threads or clocks, or "the module"; None if none has."""
    replaced = [now for now in _replacements() if now is not None]
    if not replaced:
        return None
    for library in GREEN_THREADS:
        if library in sys.modules and any(_module_of(now).startswith(library) for now in replaced):
            return library
    return "the module"


def _replacements() -> list[Any]:
    """Returns what is now in the place of the originals, None for those that are still there."""
    found = [
        None if getattr(module, name, None) is original else getattr(module, name, False)
        for module, name, original in _ORIGINALS
    ]
    is_started_as_before = getattr(threading.Thread, "start", None) is _START
    return [*found, None if is_started_as_before else getattr(threading.Thread, "start", False)]


def _module_of(value: Any) -> str:
    return str(getattr(value, "__module__", "") or type(value).__module__)
