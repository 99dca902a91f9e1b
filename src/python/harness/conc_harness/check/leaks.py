"""What tasks leave behind: warnings of the interpreter, descriptors, threads, processes."""

import concurrent.futures.thread
import gc
import io
import multiprocessing
import os
import re
import subprocess
import sys
import threading
import tracemalloc
import warnings

from . import places
from .openings import Openings
from ..errors import EXHAUSTED, NOT_AWAITED

# Frames that are remembered of where something was made.
DEPTH = 16


class Warned:
    """Adds to the record what the interpreter warns of while this is entered."""

    def __init__(self, record, is_tracing=False):
        self._record = record
        self._is_tracing = is_tracing
        self._filters = warnings.catch_warnings()
        self.openings = Openings()
        self.item = None
        self.unplaced = []

    def __enter__(self):
        self._filters.__enter__()
        self._show = warnings._showwarnmsg
        # Not recorded and looked at later: an object loses the trace of where it was made when
        # something refers to it again.
        warnings._showwarnmsg = self._add
        warnings.simplefilter("always")
        self.openings.__enter__()
        if self._is_tracing:
            tracemalloc.start(DEPTH)
        return self

    def __exit__(self, *exception):
        self.collect()
        if self._is_tracing:
            tracemalloc.stop()
        self.openings.__exit__(*exception)
        warnings._showwarnmsg = self._show
        self._filters.__exit__(*exception)

    def collect(self):
        """Has everything collected that nobody uses any more."""
        for _ in range(2):
            gc.collect()
        # The module may have changed it.
        warnings.simplefilter("always")

    def _add(self, warning):
        text = str(warning.message).splitlines()[0]
        if issubclass(warning.category, RuntimeWarning) and "was never awaited" in text:
            self._record.add("awaited", NOT_AWAITED, text, _origin_of_coroutine(warning), self.item)
        elif issubclass(warning.category, ResourceWarning):
            self._add_unclosed(warning.source, text)

    def _add_unclosed(self, source, text):
        made, message = _place_made(source), _without_numbers(source, text)
        if made is None:
            self.unplaced.append(message)
        if made is None and self._is_tracing:
            # Not every object has a trace, nor every warning an object.
            made = self.openings.of_descriptor(text) or self.openings.only(_kind_of(source))
        if made or self._is_tracing:
            self._record.add("resources", EXHAUSTED, message, made, self.item)


def _origin_of_coroutine(warning):
    """Where a coroutine was made; where that is unknown, where it is defined."""
    source = warning.source
    made = places.place(reversed(getattr(source, "cr_origin", None) or ()))
    code = getattr(source, "cr_code", None)
    if made or code is None:
        return made or places.place([(warning.filename, warning.lineno, "")])
    return places.of_code(code)


def _place_made(source):
    """Where what was not closed was made."""
    trace = tracemalloc.get_object_traceback(source) if source is not None else None
    return places.place(places.frames_of_summary(trace))


def _kind_of(source):
    if isinstance(source, subprocess.Popen):
        return "process"
    return "file" if isinstance(source, io.IOBase) else "socket"


def _without_numbers(source, text):
    """The same text for the same fault, whatever its address, descriptor or process."""
    name = getattr(source, "name", None)
    shown = "'%s'" % name if isinstance(name, str) else r"\1"
    return re.sub(r" \d+\b", "", re.sub(r"<([\w.]+).*>", shown, text))


class Descriptors:
    """Counts the open descriptors after each task."""

    def __init__(self):
        self._counts = []
        self.count()

    def count(self):
        """Counts."""
        self._counts.append(_open_descriptors())

    def judge(self, record, openings):
        """Descriptors that become more with every task are lost; the first task may prepare."""
        counts = self._counts[1:] if len(self._counts) > 3 else self._counts
        if len(counts) < 3 or None in counts:
            return
        lost = min(after - before for before, after in zip(counts, counts[1:]))
        if lost > 0:
            message = "every task leaves %d more descriptor%s open" % (lost, "s" if lost > 1 else "")
            record.add("resources", EXHAUSTED, message, openings.most())


def _open_descriptors():
    """How many descriptors this process has open; None where the system does not tell."""
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(directory))
        except OSError:
            continue
    return None


def look_for_what_is_left(before, record):
    """Adds the threads and processes that hold up the end of the program; whether there are threads."""
    threads, frames = _threads_left(before), sys._current_frames()
    for thread in threads:
        where = places.place(places.frames_of_thread(frames.get(thread.ident)))
        record.add("resources", EXHAUSTED, "the thread '%s' still runs" % thread.name, where)
    for process in multiprocessing.active_children():
        record.add("resources", EXHAUSTED, "the process '%s' still runs" % process.name)
    return bool(threads)


def _threads_left(before):
    """Threads that were started since, apart from the idle workers of a pool."""
    pooled = getattr(concurrent.futures.thread, "_threads_queues", {})
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before and thread.is_alive() and not thread.daemon and thread not in pooled
    ]
