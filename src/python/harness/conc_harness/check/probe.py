"""The base of the probes: each looks at the tasks of a check for one kind of fault."""

from __future__ import annotations

from typing import Any

# The forms of a callable, as `CallableForm` in `src/python/check.rs` has them.
BLOCKING, ASYNC = "blocking", "async"

# Stages of a check, as `CheckStage` in `src/python/check.rs` has them; "tracing" is not reported.
ALONE, TRACED, TRACING, TOGETHER, ENDING = "alone", "traced", "tracing", "together", "ending"


class Probe:
    """Is told of every stage and every task; a subclass overrides what it needs.

    In the stage `TOGETHER` of functions, tasks begin and end in several threads at once.
    """

    def stage_begins(self, form: str, stage: str) -> None:
        """Is called before the first task of a stage, on the main thread."""

    def stage_ended(self, form: str, stage: str) -> None:
        """Is called after the last task of a stage, on the main thread; not if the stage was cut short."""

    def task_begins(self, item: Any) -> None:
        """Is called before each task, on its thread."""

    def task_ended(self, item: Any, result: Any) -> None:
        """Is called after each task that returned a result, on its thread."""

    def all_ended(self) -> None:
        """Is called after the last stage, on the main thread, when no event loop runs."""
