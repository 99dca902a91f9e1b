"""Ends a run that hangs, and reports where it hangs."""

from __future__ import annotations

import linecache
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from .errors import DEADLOCK, HUNG, is_users
from .thread_frames import current_frames

if TYPE_CHECKING:
    from asyncio import Task

# The run is examined once per period, and is a deadlock if it stood still for this many periods. Periods are
# shorter where a run is given up soon, so that a deadlock is known before.
PERIOD_S = 0.5
SHORTEST_PERIOD_S = 0.2
DEADLOCK_PERIODS = 6

# A process is idle if it used less CPU time than this share of a period.
MAX_IDLE_CPU_SHARE = 0.02

MAX_SHOWN_LOCATIONS = 4

# A thread has ended this soon after it was joined, on a busy machine too.
LONGEST_END_S = 0.2

# The names of conc's own threads begin with this.
OWN_THREAD_PREFIX = "conc-"

# A line on which a thread waits for a lock.
LOCKING_LINE = re.compile(r"\.acquire\(\)|^\s*with\s+[\w.]*(lock|mutex|sem|cond)[\w.]*\s*:", re.IGNORECASE)

LOOP_FILES = ("selectors.py", "base_events.py")


class DeadlockWatchdog(threading.Thread):
    """Examines the run until `end` is called; `report` gets a code and a message, and ends the process."""

    def __init__(self, give_up_after_s: float, report: Callable[[str, str], object]) -> None:
        super().__init__(name="conc-watchdog", daemon=True)
        self._give_up_after_s = give_up_after_s
        self._period_s = min(PERIOD_S, max(SHORTEST_PERIOD_S, give_up_after_s / (2 * DEADLOCK_PERIODS)))
        self._report = report
        self._ended = threading.Event()
        self._used_s = 0.0

    def end(self) -> None:
        """Stops the thread, and returns when the system no longer knows of it."""
        self._ended.set()
        if self.is_alive():
            self.join()
        # A thread that was joined still ends, and a fork is refused beside another thread.
        deadline = time.monotonic() + LONGEST_END_S
        while os.path.exists(f"/proc/self/task/{self.native_id}") and time.monotonic() < deadline:
            time.sleep(0.0005)

    def run(self) -> None:
        """Reports a deadlock as soon as it is certain, and any other hang when the time is over."""
        deadline = time.monotonic() + self._give_up_after_s
        still = 0
        while not self._ended.wait(self._period_s):
            is_idle = self._is_idle()
            still = still + 1 if is_idle and self._all_wait() else 0
            if still >= DEADLOCK_PERIODS:
                self._give_up(DEADLOCK, "every task waits for another one")
            if time.monotonic() > deadline:
                self._give_up(HUNG, f"it did not end within {self._give_up_after_s:.0f} s")

    def _is_idle(self) -> bool:
        """Tells whether the process used next to no CPU time in the last period."""
        used = time.process_time()
        before, self._used_s = self._used_s, used
        return used - before < MAX_IDLE_CPU_SHARE * self._period_s

    def _all_wait(self) -> bool:
        # Other processes cannot be examined, and one of them may end the wait.
        frames = self._frames()
        return not _has_children() and bool(frames) and all(waits_for_thread(frame) for frame in frames)

    def _frames(self) -> list[FrameType]:
        own = {thread.ident for thread in threading.enumerate() if thread.name.startswith(OWN_THREAD_PREFIX)}
        return [frame for ident, frame in current_frames().items() if ident not in own]

    def _give_up(self, code: str, message: str) -> None:
        locations = [location_of_frame(frame) for frame in self._frames()] + _locations_of_tasks()
        known = list(dict.fromkeys(location for location in locations if location))
        self._report(code, message + (": " + ", ".join(known[:MAX_SHOWN_LOCATIONS]) if known else ""))


def _has_children() -> bool:
    multiprocessing = sys.modules.get("multiprocessing")
    return bool(multiprocessing and multiprocessing.active_children())


def waits_for_thread(frame: FrameType) -> bool:
    """Tells whether a thread waits for another thread of this process, without a time limit."""
    loop = _waiting_loop(frame)
    if loop is not None:
        return _is_dead(loop)
    file, name = os.path.basename(frame.f_code.co_filename), frame.f_code.co_name
    if file == "thread.py" and name == "_worker":
        return True
    if file in ("threading.py", "queue.py"):
        timeout = frame.f_locals.get("timeout")
        return timeout is None or timeout < 0
    return bool(LOCKING_LINE.search(linecache.getline(frame.f_code.co_filename, frame.f_lineno)))


def _waiting_loop(frame: FrameType) -> Any:
    """Returns the event loop that a thread waits in, or None."""
    current: FrameType | None = frame
    while current is not None and os.path.basename(current.f_code.co_filename) in LOOP_FILES:
        if _runs_loop(current):
            return current.f_locals["self"]
        current = current.f_back
    return None


def _runs_loop(frame: FrameType) -> bool:
    return frame.f_code.co_name == "_run_once" and hasattr(frame.f_locals.get("self"), "_selector")


def _is_dead(loop: Any) -> bool:
    """Tells whether only another thread can wake the loop: it has no timer, no socket and no call."""
    waiting = [handle for handle in loop._scheduled if not handle.cancelled()]
    # A loop has one descriptor of its own, by which other threads wake it.
    return not waiting and not loop._ready and len(loop._selector.get_map() or ()) <= 1


def location_of_frame(frame: FrameType | None) -> str | None:
    """Returns the innermost line of the user's code, as in `file.py:12 in function`."""
    while frame is not None:
        if is_users(frame.f_code.co_filename):
            file = os.path.basename(frame.f_code.co_filename)
            return f"{file}:{frame.f_lineno} in {frame.f_code.co_name}"
        frame = frame.f_back
    return None


def _locations_of_tasks() -> list[str | None]:
    """Returns the lines at which the tasks of all event loops are suspended."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return []
    loops = [_running_loop(frame) for frame in current_frames().values()]
    return [location_of_task(task) for loop in loops if loop for task in asyncio.all_tasks(loop)]


def _running_loop(frame: FrameType | None) -> Any:
    while frame is not None:
        if _runs_loop(frame):
            return frame.f_locals["self"]
        frame = frame.f_back
    return None


def location_of_task(task: Task[Any]) -> str | None:
    """Returns the innermost line of the user's code at which a task is suspended."""
    location: str | None = None
    coroutine: Any = task.get_coro()
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None and is_users(frame.f_code.co_filename):
            location = location_of_frame(frame)
        coroutine = getattr(coroutine, "cr_await", None)
    return location
