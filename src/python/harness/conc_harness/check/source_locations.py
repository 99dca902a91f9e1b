"""Finds the line of the user's code that something is about."""

from __future__ import annotations

import linecache
import os
import sysconfig
from collections.abc import Iterable, Iterator
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import HARNESS
from ..requests import JsonObject

if TYPE_CHECKING:
    from asyncio import Task

STDLIB = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
BOOTSTRAP = os.path.join(os.path.dirname(HARNESS), "bootstrap.py")
START_DIRECTORY = os.path.join(os.getcwd(), "")
PACKAGES = ("site-packages", "dist-packages")

# The owner of a file.
USER, PACKAGE, LIBRARY, OWN = "user", "package", "library", "harness"


class Location(NamedTuple):
    """A line of a file, and the function that it is in."""

    file: str
    line: int
    function: str | None


def innermost(frames: Iterable[Location]) -> Location | None:
    """Returns the innermost of the user's frames, else that of an installed package, else None.

    Frames come outermost first.
    """
    package = None
    for frame in reversed(list(frames)):
        found = owner(frame.file)
        if found == USER:
            return frame
        if found == PACKAGE and package is None:
            package = frame
    return package


def package_function(frames: Iterable[Location]) -> str | None:
    """Returns the function of an installed package that the innermost of the user's frames called, if it did.

    Its name is that of its module and its own, as in `client.session.get`.
    """
    called = None
    for frame in reversed(list(frames)):
        found = owner(frame.file)
        if found == USER:
            return called
        if found == PACKAGE:
            called = f"{_module_of(frame.file)}.{frame.function}"
    return called


def _module_of(file: str) -> str:
    """Returns the name of the module of an installed package, by the path of its file."""
    parts = os.path.splitext(file)[0].split(os.sep)
    start = max(index for index, part in enumerate(parts) if part in PACKAGES)
    names = parts[start + 1 :]
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def owner(file: str) -> str:
    """Returns the owner of a file."""
    if file.startswith("<") or not file:
        return LIBRARY
    if file.startswith(HARNESS) or file == BOOTSTRAP:
        return OWN
    if any(os.sep + name + os.sep in file for name in PACKAGES):
        return PACKAGE
    return LIBRARY if file.startswith(STDLIB) else USER


def of_error(error: BaseException) -> Location | None:
    """Returns the line of the user's code that raised an exception."""
    return innermost(_frames_of_traceback(error.__traceback__))


def _frames_of_traceback(traceback: TracebackType | None) -> Iterator[Location]:
    while traceback is not None:
        yield _of_frame(traceback.tb_frame, traceback.tb_lineno)
        traceback = traceback.tb_next


def frames_of_thread(frame: FrameType | None) -> list[Location]:
    """Returns the stack of a thread, outermost first."""
    frames = []
    while frame is not None:
        frames.append(_of_frame(frame, frame.f_lineno))
        frame = frame.f_back
    return frames[::-1]


def frames_of_task(task: Task[Any]) -> list[Location]:
    """Returns the frames that a task is suspended in, outermost first."""
    frames = []
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            frames.append(_of_frame(frame, frame.f_lineno))
        following = getattr(awaited, "cr_await", None)
        awaited = following if following is not None else getattr(awaited, "gi_yieldfrom", None)
    return frames


def frames_of_summary(summary: Iterable[Any] | None) -> list[Location]:
    """Returns the frames of a `traceback.StackSummary` or of a traceback of tracemalloc."""
    return [Location(frame.filename, frame.lineno, getattr(frame, "name", None)) for frame in summary or ()]


def of_code(code: CodeType) -> Location | None:
    """Returns the line at which a function or a coroutine is defined."""
    return innermost([Location(code.co_filename, code.co_firstlineno, code.co_name)])


def _of_frame(frame: FrameType, line: int | None) -> Location:
    code = frame.f_code
    return Location(code.co_filename, line or code.co_firstlineno, code.co_name)


def reported(location: Location | None) -> JsonObject | None:
    """Returns a location as it is sent, with the text of its line."""
    if location is None:
        return None
    file, line, function = location
    source = linecache.getline(file, line).strip()
    return {"file": _short(file), "line": line, "function": function or None, "source": source or None}


def _short(file: str) -> str:
    """Returns the path relative to the directory in which the check was started, if the file is below it."""
    return file.removeprefix(START_DIRECTORY)
