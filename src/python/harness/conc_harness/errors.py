"""What became of tasks that did not end well: a code and a message without the item."""

import errno
import os
import pickle
import traceback

RAISED = "E-PYTHON-004"
NOT_PICKLED = "E-PYTHON-005"
LOOP = "E-ASYNC-001"
NOT_AWAITED = "E-ASYNC-002"
CANCELLED = "E-ASYNC-003"
DEADLOCK = "E-ASYNC-004"
EXHAUSTED = "E-ASYNC-005"
DIED = "E-POOL-001"
HUNG = "E-POOL-004"
HTTP_STATUS = "E-TASK-001"
NETWORK = "E-TASK-002"
TIMED_OUT = "E-TASK-003"
FILE = "E-TASK-005"
SQLITE = "E-TASK-006"

MOST_CHARACTERS = 300

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
NOT_AWAITED_TEXTS = ("was never awaited", "cannot reuse already awaited coroutine", "coroutine is being awaited")
PICKLE_TEXTS = ("pickle", "Can't get attribute", "Can't get local object")

HARNESS = os.path.dirname(os.path.abspath(__file__))
LIBRARY = os.path.dirname(os.__file__)


class TaskTimeout(BaseException):
    """The task took longer than the timeout of the workload."""


class Failure(Exception):
    """A failure that has been told already, as by another process."""

    def __init__(self, code, message):
        super().__init__(code, message)
        self.code = code
        self.message = message


def describe(error):
    """The code and the message of an exception."""
    if isinstance(error, Failure):
        return error.code, error.message
    if isinstance(error, TaskTimeout):
        return TIMED_OUT, "timed out"
    return code_of(error), message_of(error)


def code_of(error):
    """The code that explains an exception."""
    text = str(error)
    if is_a(error, "CancelledError"):
        return CANCELLED
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


def is_a(error, *names):
    """Whether an exception is of a class of that name, which need not be imported for it."""
    return any(base.__name__ in names for base in type(error).__mro__)


def is_about_pickling(error):
    """Whether something could not be sent to another process."""
    if isinstance(error, pickle.PickleError):
        return True
    return isinstance(error, (TypeError, AttributeError)) and any(part in str(error) for part in PICKLE_TEXTS)


def _code_of_io(error):
    if getattr(error, "errno", None) in EXHAUSTED_ERRNO and isinstance(error, OSError):
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


def message_of(error):
    """The exception in one line, with the place in the user's code."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "(its text cannot be had)"
    told = type(error).__name__ + (": " + text if text else "")
    if len(told) > MOST_CHARACTERS:
        told = told[: MOST_CHARACTERS - 3] + "..."
    place = place_of(error)
    return "%s (%s)" % (told, place) if place else told


def is_users(file):
    """Whether a file is neither conc's nor the library's."""
    if file.startswith((HARNESS, "<frozen")) or os.path.basename(file) == "bootstrap.py":
        return False
    return not file.startswith(LIBRARY) or "site-packages" in file


def place_of(error):
    """`file.py:12`: the innermost line of the user's."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if is_users(f.filename)]
    return "%s:%d" % (os.path.basename(own[-1].filename), own[-1].lineno) if own else None


def users_traceback(error):
    """The traceback as Python prints it, from the first line that is the user's."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith((HARNESS, "<frozen importlib"))]
    lines = ["Traceback (most recent call last):\n"] + traceback.format_list(own) if own else []
    return "".join(lines + traceback.format_exception_only(type(error), error)).rstrip()
