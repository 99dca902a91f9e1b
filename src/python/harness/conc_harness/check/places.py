"""Which line of the user's something is about."""

import linecache
import os
import sysconfig

from ..errors import HARNESS

STDLIB = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
BOOTSTRAP = os.path.join(os.path.dirname(HARNESS), "bootstrap.py")
HERE = os.path.join(os.getcwd(), "")
PACKAGES = ("site-packages", "dist-packages")


def place(frames):
    """The innermost of the user's frames; None if there is none.

    Frames are (file, line, function), outermost first. One of an installed package stands in where
    none is the user's.
    """
    package = None
    for frame in reversed(list(frames)):
        kind = origin(frame[0])
        if kind == "user":
            return frame
        if kind == "package" and package is None:
            package = frame
    return package


def origin(file):
    """Whose a file is: "user", "package", "library" or "harness"."""
    if file.startswith("<") or not file:
        return "library"
    if file.startswith(HARNESS) or file == BOOTSTRAP:
        return "harness"
    if any(os.sep + name + os.sep in file for name in PACKAGES):
        return "package"
    return "library" if file.startswith(STDLIB) else "user"


def of_error(error):
    """The line of the user's that raised an exception."""
    return place(_of_traceback(error.__traceback__))


def _of_traceback(traceback):
    while traceback is not None:
        yield _of_frame(traceback.tb_frame, traceback.tb_lineno)
        traceback = traceback.tb_next


def frames_of_thread(frame):
    """The stack of a thread, outermost first."""
    frames = []
    while frame is not None:
        frames.append(_of_frame(frame, frame.f_lineno))
        frame = frame.f_back
    return frames[::-1]


def frames_of_task(task):
    """What a task is suspended in, outermost first."""
    frames, awaited = [], task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            frames.append(_of_frame(frame, frame.f_lineno))
        following = getattr(awaited, "cr_await", None)
        awaited = following if following is not None else getattr(awaited, "gi_yieldfrom", None)
    return frames


def frames_of_summary(summary):
    """The frames of a `traceback.StackSummary` or of a traceback of tracemalloc."""
    return [(frame.filename, frame.lineno, getattr(frame, "name", None)) for frame in summary or ()]


def of_code(code):
    """Where a function or a coroutine is defined."""
    return place([(code.co_filename, code.co_firstlineno, code.co_name)])


def _of_frame(frame, line):
    code = frame.f_code
    return code.co_filename, line or code.co_firstlineno, code.co_name


def told(place):
    """A place as it is reported."""
    if place is None:
        return None
    file, line, function = place
    source = linecache.getline(file, line).strip()
    return {"file": _short(file), "line": line, "function": function or None, "source": source or None}


def _short(file):
    """The path from the directory in which the check was started, where the file is below it."""
    return file[len(HERE) :] if file.startswith(HERE) else file
