"""Where faults of tasks come from: what they raise, what asyncio and threads tell of, what they return."""

import inspect
import traceback

from . import places
from .. import errors

MOST_CHARACTERS = 60

# The item of the list that a code belongs to; everything else is an exception.
CHECK_OF = {
    errors.LOOP: "event-loop",
    errors.NOT_AWAITED: "awaited",
    errors.CANCELLED: "completed",
    errors.TIMED_OUT: "completed",
    errors.EXHAUSTED: "resources",
}


class Faults:
    """Adds faults to the record."""

    def __init__(self, record):
        self._record = record

    def raised(self, error, items):
        """An exception was let out, by the task of an item or by none of them."""
        code = errors.code_of(error)
        check = CHECK_OF.get(code, "exceptions")
        self._record.add(check, code, _told(error), places.of_error(error), *map(shown, items))

    def returned(self, result, item):
        """A task returned; a coroutine that is the result is one that somebody forgot to await."""
        if inspect.iscoroutine(result):
            message = "coroutine '%s' was returned and never awaited" % result.__qualname__
            where = places.of_code(result.cr_code)
            result.close()
            self._record.add("awaited", errors.NOT_AWAITED, message, where, shown(item))

    def lost(self, _loop, context):
        """Asyncio tells of an exception that nobody has looked at, or of a task that nobody ended."""
        error, message = context.get("exception"), context.get("message", "")
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            # It has ended the loop, and is told of there.
            return
        made = places.place(places.frames_of_summary(context.get("source_traceback")))
        if error is not None:
            message = "%s: %s" % (message, _told(error))
            self._record.add("exceptions", errors.CANCELLED, message, places.of_error(error) or made)
        elif made:
            self._record.add("completed", errors.CANCELLED, message, made)

    def in_thread(self, failed):
        """A thread of the user's ended by an exception."""
        self._uncaught("in the thread '%s'" % getattr(failed.thread, "name", "?"), failed.exc_value)

    def unraisable(self, failed):
        """An exception was raised where nobody could catch it, as in a finalizer."""
        self._uncaught("where nobody could catch it", failed.exc_value)

    def _uncaught(self, where, error):
        if error is not None:
            message = "%s %s" % (_told(error), where)
            self._record.add("exceptions", errors.code_of(error), message, places.of_error(error))

    def left_over(self, tasks):
        """Tasks still run when the one that started them has ended."""
        for task in tasks:
            made = places.place(places.frames_of_summary(getattr(task, "_source_traceback", None)))
            name = getattr(task.get_coro(), "__qualname__", task.get_name())
            message = "the task '%s' still runs when the one that started it has ended" % name
            self._record.add("completed", errors.CANCELLED, message, made)


def shown(item):
    """An item as Python writes it, shortened."""
    text = repr(item)
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "..."


def _told(error):
    """The type and the first line of the text of an exception."""
    return "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[0]
