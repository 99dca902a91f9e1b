"""Faults of tasks: what they raise, what asyncio and threads report, and what they return."""

from __future__ import annotations

import inspect
import sys
import threading
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .. import errors
from ..text import representation_of, text_of
from . import loop_objects, source_locations
from .finding_list import FindingList

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

MAX_ITEM_CHARACTERS = 60

# What asyncio says when a future of another loop is awaited again.
AGAIN = "await wasn't used with future"

# The item of the checklist that a code belongs to; other codes belong to "exceptions".
CHECK_OF = {
    errors.LOOP: "event-loop",
    errors.NOT_AWAITED: "awaited",
    errors.CANCELLED: "completed",
    errors.TIMED_OUT: "completed",
    errors.EXHAUSTED: "resources",
}


class Faults:
    """Adds faults to the findings."""

    def __init__(self, findings: FindingList) -> None:
        self._findings = findings

    def raised(self, error: BaseException, item: str | None) -> None:
        """Adds an exception that the task of an item, or none of the tasks, let out."""
        code, words = errors.code_of(error), loop_objects.of_another_loop(error)
        if AGAIN in text_of(error):
            # The first time it was told that the future belongs to another loop.
            code, words = errors.LOOP, words or loop_objects.of_future()
        check = CHECK_OF.get(code, "exceptions")
        self._findings.add(check, code, words or _headline(error), source_locations.of_error(error), item)

    def returned(self, result: Any, item: Any) -> None:
        """Adds a fault if a task returned a coroutine: it was never awaited."""
        if inspect.iscoroutine(result):
            message = f"coroutine '{result.__qualname__}' was returned and never awaited"
            location = source_locations.of_code(result.cr_code)
            result.close()
            self._findings.add("awaited", errors.NOT_AWAITED, message, location, shown(item))

    def reported_by_loop(self, _loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handles a report of asyncio: an exception that was never retrieved, or a task never ended."""
        error, message = context.get("exception"), context.get("message", "")
        if type(error).__name__ in ("SystemExit", "KeyboardInterrupt", "CancelledError"):
            # It ended the loop, and is reported there; or the loop is ending, and asyncio's own callbacks are
            # told so.
            return
        frames = source_locations.frames_of_summary(context.get("source_traceback"))
        made = source_locations.innermost(frames)
        if error is not None:
            message = f"{message}: {_headline(error)}"
            location = source_locations.of_error(error) or made
            self._findings.add("exceptions", errors.CANCELLED, message, location)
        elif made:
            self._findings.add("completed", errors.CANCELLED, message, made)

    def in_thread(self, failed: threading.ExceptHookArgs) -> None:
        """Adds the exception that ended a thread of the user."""
        self._uncaught(f"in the thread '{getattr(failed.thread, 'name', '?')}'", failed.exc_value)

    def unraisable(self, failed: sys.UnraisableHookArgs) -> None:
        """Adds an exception that nobody could catch, as in a finalizer."""
        self._uncaught("where nobody could catch it", failed.exc_value)

    def _uncaught(self, where: str, error: BaseException | None) -> None:
        if error is not None:
            code, location = errors.code_of(error), source_locations.of_error(error)
            self._findings.add("exceptions", code, f"{_headline(error)} {where}", location)

    def left_over(self, tasks: Iterable[Task[Any]]) -> None:
        """Adds tasks that still run although the task that started them has ended."""
        for task in tasks:
            frames = source_locations.frames_of_summary(getattr(task, "_source_traceback", None))
            name = getattr(task.get_coro(), "__qualname__", task.get_name())
            message = f"the task '{name}' still runs when the one that started it has ended"
            self._findings.add("completed", errors.CANCELLED, message, source_locations.innermost(frames))


def shown(item: Any) -> str:
    """Returns an item as Python writes it, shortened."""
    text = representation_of(item)
    return text if len(text) <= MAX_ITEM_CHARACTERS else text[:MAX_ITEM_CHARACTERS] + "..."


def _headline(error: BaseException) -> str:
    """Returns the type and the first line of the text of an exception."""
    return "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[0]
