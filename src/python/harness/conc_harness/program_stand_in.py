"""Stands in for the program that conc prints, where `multiprocessing` runs the main module again.

That program imports the user's module at its top. So each spawned worker imports it too, and a fork server
imports it once for all of its workers, if this version of Python makes it do so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress

from .requests import CallableSpec, JobRequest

PROGRAM = """\
{imports}
from conc_harness import program_stand_in, worker

program_stand_in.import_modules({steps!r})
"""


class StandIn:
    """A file that takes the place of the main module until it is closed."""

    def __init__(self, request: JobRequest, start_method: str | None, uses_loop: bool) -> None:
        self._main = sys.modules["__main__"]
        self._file = getattr(self._main, "__file__", None)
        self._path = f"{request.results_file.path}_main.py"
        self.is_open = start_method != "fork"
        if not self.is_open:
            return
        imports = ["from concurrent.futures import ProcessPoolExecutor"]
        if uses_loop:
            imports.insert(0, "import asyncio")
        steps = [(step.file, step.module) for step in request.header.steps]
        with open(self._path, "w", encoding="utf-8") as program:
            program.write(PROGRAM.format(imports="\n".join(imports), steps=steps))
        self._main.__file__ = self._path

    def close(self) -> None:
        """Gives the main module its own file again."""
        if self.is_open:
            self.is_open = False
            self._main.__file__ = self._file
            with suppress(OSError):
                os.unlink(self._path)


def import_modules(steps: Iterable[tuple[str | None, str]]) -> None:
    """Imports the modules of the steps; a failure is left to the worker, which imports again and reports."""
    from .callables import load_module
    from .errors import CodedError

    with suppress(CodedError):
        for file, module in steps:
            load_module(CallableSpec(file, module, "", None))
