"""Failures of tasks as a code and a message. The message does not contain the item."""

from __future__ import annotations

import errno
import os
import pickle
import traceback

from .foreign import explain
from .text import text_of
from .user_code import innermost_package, is_of_user

RAISED = "E-PYTHON-004"
NOT_PICKLED = "E-PYTHON-005"
LOOP = "E-ASYNC-001"
NOT_AWAITED = "E-ASYNC-002"
CANCELLED = "E-ASYNC-003"
DEADLOCK = "E-ASYNC-004"
EXHAUSTED = "E-ASYNC-005"
FOREIGN = "E-ASYNC-009"
DIED = "E-POOL-001"
HUNG = "E-POOL-004"
NOT_STARTED = "E-POOL-002"
HTTP_STATUS = "E-TASK-001"
NETWORK = "E-TASK-002"
TIMED_OUT = "E-TASK-003"
FILE = "E-TASK-005"
SQLITE = "E-TASK-006"

MAX_MESSAGE_CHARACTERS = 300

EXHAUSTED_ERRNO = {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS}

LOOP_TEXTS = (
    "no running event loop",
    "no current event loop",
    "cannot be called from a running event loop",
    "Cannot run the event loop while another loop is running",
    "event loop is already running",
    "Event loop is closed",
    "attached to a different loop",
    "bound to a different event loop",
)
NOT_AWAITED_TEXTS = (
    "was never awaited",
    "cannot reuse already awaited coroutine",
    "coroutine is being awaited",
)
PICKLE_TEXTS = ("pickle", "Can't get attribute", "Can't get local object")

HARNESS = os.path.dirname(os.path.abspath(__file__))


class TaskTimeout(BaseException):
    """The task took longer than the timeout of the workload."""


class CodedError(Exception):
    """A failure that already has a code and a message, as from another process."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def describe(error: BaseException) -> tuple[str, str]:
    """Returns the code and the message of an exception."""
    if isinstance(error, CodedError):
        return error.code, error.message
    if isinstance(error, TaskTimeout):
        return TIMED_OUT, "timed out"
    foreign = explain(error)
    if foreign is not None:
        return FOREIGN, _with_location(foreign, error)
    return code_of(error), message_of(error)


def code_of(error: BaseException) -> str:
    """Returns the code that explains an exception."""
    text = text_of(error)
    if is_a(error, "CancelledError"):
        return CANCELLED
    if explain(error) is not None:
        return FOREIGN
    if isinstance(error, MemoryError) or "can't start new thread" in text:
        return EXHAUSTED
    if isinstance(error, RuntimeError) and any(part in text for part in LOOP_TEXTS):
        return LOOP
    if isinstance(error, (RuntimeError, TypeError)) and any(part in text for part in NOT_AWAITED_TEXTS):
        return NOT_AWAITED
    if is_a(error, "BrokenExecutor"):
        return DIED
    if is_about_pickling(error):
        return NOT_PICKLED
    return _code_of_io(error)


def is_a(error: BaseException, *names: str) -> bool:
    """Tells whether the exception has a class of one of these names, without importing the class."""
    return any(base.__name__ in names for base in type(error).__mro__)


def is_about_pickling(error: BaseException) -> bool:
    """Tells whether something could not be sent to another process."""
    if isinstance(error, pickle.PickleError):
        return True
    return isinstance(error, (TypeError, AttributeError)) and any(
        part in text_of(error) for part in PICKLE_TEXTS
    )


def _code_of_io(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in EXHAUSTED_ERRNO:
        return EXHAUSTED
    if is_a(error, "TimeoutError", "timeout"):
        return TIMED_OUT
    if is_a(error, "HTTPError", "HTTPStatusError"):
        return HTTP_STATUS
    module = type(error).__module__
    if is_a(error, "ConnectionError", "gaierror", "URLError", "IncompleteReadError", "SSLError"):
        return NETWORK
    if module == "http.client":
        return NETWORK
    if module == "sqlite3":
        return SQLITE
    if isinstance(error, OSError):
        return FILE
    return RAISED


def message_of(error: BaseException) -> str:
    """Returns the exception on one line, with its location in the user's code."""
    text = " ".join(text_of(error).split())
    message = type(error).__name__ + (f": {text}" if text else "")
    if len(message) > MAX_MESSAGE_CHARACTERS:
        message = message[: MAX_MESSAGE_CHARACTERS - 3] + "..."
    return _with_location(message, error)


def _with_location(message: str, error: BaseException) -> str:
    location = location_of(error)
    return f"{message} ({location})" if location else message


def location_of(error: BaseException) -> str | None:
    """Returns the innermost line of the user's code, as in `file.py:12`, else the package."""
    frames = list(traceback.walk_tb(error.__traceback__))[::-1]
    for frame, line in frames:
        file = frame.f_code.co_filename
        if is_of_user(file):
            return f"{os.path.basename(file)}:{line}"
    package = innermost_package(frame.f_code.co_filename for frame, _ in frames)
    return None if package is None else f"in {package}"


def users_traceback(error: BaseException) -> str:
    """Returns the traceback as Python prints it, from the first line of the user's code."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((HARNESS, "<frozen importlib"))]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(own)] if own else []
    return "".join(lines + traceback.format_exception_only(type(error), error)).rstrip()
