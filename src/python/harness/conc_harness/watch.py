"""Ends a run that does not end by itself, and says where it hangs."""

import linecache
import os
import re
import sys
import threading
import time

from .errors import DEADLOCK, HUNG, is_users

# A run is looked at this often, and called a deadlock when it has stood still this many times.
PERIOD_S = 0.5
STILL = 6

# Places to show at the most.
MOST_PLACES = 4

# Threads of conc have names that begin like this.
OWN = "conc-"

# A line on which a thread waits for a lock, by itself.
LOCKING = re.compile(r"\.acquire\(\)|^\s*with\s+[\w.]*(lock|mutex|sem|cond)[\w.]*\s*:", re.IGNORECASE)


class Watch(threading.Thread):
    """Looks at the run until it is told that it has ended."""

    def __init__(self, patience_s, report):
        super().__init__(name="conc-watch", daemon=True)
        self.patience_s = patience_s
        self.report = report
        self.ended = threading.Event()
        self._used = 0.0

    def end(self):
        """Stops looking."""
        self.ended.set()
        if self.is_alive():
            self.join()

    def run(self):
        """Reports a deadlock as soon as it is certain, anything else when patience is at an end."""
        deadline = time.monotonic() + self.patience_s
        still = 0
        while not self.ended.wait(PERIOD_S):
            idle = self._is_idle()
            still = still + 1 if idle and self._all_wait() else 0
            if still >= STILL:
                self._end(DEADLOCK, "every task waits for another one")
            if time.monotonic() > deadline:
                self._end(HUNG, "it did not end within %.0f s" % self.patience_s)

    def _is_idle(self):
        """Whether the process has used no CPU time worth mentioning since the last look."""
        used = time.process_time()
        before, self._used = self._used, used
        return used - before < 0.02 * PERIOD_S

    def _all_wait(self):
        # What other processes do is not to be seen, and one of them may end the wait.
        frames = self._frames()
        return not _has_children() and bool(frames) and all(_waits(f) for f in frames)

    def _frames(self):
        own = {thread.ident for thread in threading.enumerate() if thread.name.startswith(OWN)}
        return [frame for ident, frame in sys._current_frames().items() if ident not in own]

    def _end(self, code, what):
        places = [place_of_frame(frame) for frame in self._frames()] + _places_of_tasks()
        told = list(dict.fromkeys(place for place in places if place))
        where = ": " + ", ".join(told[:MOST_PLACES]) if told else ""
        self.report(code, what + where)


def _has_children():
    multiprocessing = sys.modules.get("multiprocessing")
    return bool(multiprocessing and multiprocessing.active_children())


def _waits(frame):
    """Whether a thread waits for another one of this process, without a time limit."""
    if _loop_of(frame) is not None:
        return _is_dead(_loop_of(frame))
    file, name = os.path.basename(frame.f_code.co_filename), frame.f_code.co_name
    if file == "thread.py" and name == "_worker":
        return True
    if file in ("threading.py", "queue.py"):
        timeout = frame.f_locals.get("timeout")
        return timeout is None or timeout < 0
    return bool(LOCKING.search(linecache.getline(frame.f_code.co_filename, frame.f_lineno)))


def _loop_of(frame):
    """The event loop that a thread waits in, if it does."""
    while frame is not None and os.path.basename(frame.f_code.co_filename) in LOOP_FILES:
        if frame.f_code.co_name == "_run_once" and hasattr(frame.f_locals.get("self"), "_selector"):
            return frame.f_locals["self"]
        frame = frame.f_back
    return None


LOOP_FILES = ("selectors.py", "base_events.py")


def _is_dead(loop):
    """Whether nothing but another thread can wake the loop: it has no timer, no socket and no call."""
    waiting = [handle for handle in loop._scheduled if not handle.cancelled()]
    # The loop itself has one descriptor, by which other threads wake it.
    return not waiting and not loop._ready and len(loop._selector.get_map() or ()) <= 1


def place_of_frame(frame):
    """`file.py:12 in function`: the innermost line that is neither conc's nor the library's."""
    while frame is not None:
        if is_users(frame.f_code.co_filename):
            return "%s:%d in %s" % (
                os.path.basename(frame.f_code.co_filename),
                frame.f_lineno,
                frame.f_code.co_name,
            )
        frame = frame.f_back
    return None


def _places_of_tasks():
    """Where the tasks of all event loops are suspended."""
    asyncio = sys.modules.get("asyncio")
    loops = (_outer_loop(frame) for frame in sys._current_frames().values())
    return [place_of_task(task) for loop in loops if loop for task in asyncio.all_tasks(loop)]


def _outer_loop(frame):
    while frame is not None:
        if frame.f_code.co_name == "_run_once" and hasattr(frame.f_locals.get("self"), "_selector"):
            return frame.f_locals["self"]
        frame = frame.f_back
    return None


def place_of_task(task):
    """The innermost line of the user's at which a task is suspended."""
    place, coroutine = None, task.get_coro()
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None and is_users(frame.f_code.co_filename):
            place = place_of_frame(frame)
        coroutine = getattr(coroutine, "cr_await", None)
    return place
