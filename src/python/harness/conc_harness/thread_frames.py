"""The stacks of the threads of this interpreter."""

from __future__ import annotations

import sys
from types import FrameType

# Taken before any module of the user can replace it.
_read_frames = sys._current_frames

# Modules that make interpreters, from Python 3.13 on and before.
INTERPRETER_MODULES = ("_interpreters", "_xxsubinterpreters")


def current_frames() -> dict[int, FrameType]:
    """Returns the innermost frame of each thread; nothing if there are other interpreters.

    `sys._current_frames` makes frame objects for the threads of all interpreters. An interpreter that gets
    the frames of another one aborts the process sooner or later.
    """
    return {} if _has_other_interpreters() else _read_frames()


def _has_other_interpreters() -> bool:
    modules = [sys.modules.get(name) for name in INTERPRETER_MODULES]
    return any(module is not None and len(module.list_all()) > 1 for module in modules)
