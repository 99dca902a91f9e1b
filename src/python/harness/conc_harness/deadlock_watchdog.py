"""Ends a run that hangs, and reports where it hangs."""

from __future__ import annotations

import linecache
import os
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from . import process_tree, stack_dumps
from .errors import DEADLOCK, HUNG, NOT_STARTED
from .foreign import replaced_by
from .primitives import Flag, OwnThread, is_own, monotonic, own_native_ids, process_time
from .thread_frames import current_frames
from .user_code import innermost_package, is_of_user

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

# Processes below this one whose stacks are asked for when a run hangs.
MAX_ASKED_PROCESSES = 8

# A line on which a thread waits for a lock.
LOCKING_LINE = re.compile(r"\.acquire\(\)|^\s*with\s+[\w.]*(lock|mutex|sem|cond)[\w.]*\s*:", re.IGNORECASE)

LOOP_FILES = ("selectors.py", "base_events.py")


class DeadlockWatchdog(OwnThread):
    """Examines the run until `end` is called; `report` gets a code and a message, and ends the process."""

    def __init__(
        self,
        give_up_after_s: float,
        report: Callable[[str, str], object],
        start_limit_s: float | None = None,
    ) -> None:
        super().__init__()
        self._give_up_after_s = give_up_after_s
        self._period_s = min(PERIOD_S, max(SHORTEST_PERIOD_S, give_up_after_s / (2 * DEADLOCK_PERIODS)))
        self._report = report
        self._ended = Flag()
        self._used_s = 0.0
        # Set once tasks run; before, the strategy starts, for at most so long.
        self._runs_tasks = start_limit_s is None
        self._start_limit_s = start_limit_s or 0.0
        self._deadline = 0.0
        # Processes below this one that nothing can wake, and for how many periods that has been so.
        self._stuck: dict[int, int] = {}

    def start(self) -> None:
        """Starts the thread, once."""
        if self.native_id is None:
            super().start()

    def tasks_begin(self) -> None:
        """Tells the thread that the strategy has started; the time of the tasks begins."""
        self._deadline = monotonic() + self._give_up_after_s
        self._runs_tasks = True
        self.start()

    def end(self) -> None:
        """Stops the thread, and returns when the system no longer knows of it."""
        self._ended.raise_it()
        self.join()

    def run(self) -> None:
        """Reports a deadlock as soon as it is certain, and any other hang when the time is over."""
        self._watch_start()
        still = 0
        if not self._deadline:
            self._deadline = monotonic() + self._give_up_after_s
        while not self._ended.wait(self._period_s):
            is_idle = self._is_idle()
            still = still + 1 if is_idle and self._all_wait() else 0
            if still >= DEADLOCK_PERIODS:
                self._give_up(DEADLOCK, "every task waits for another one")
            stuck = self._stuck_process()
            if stuck is not None:
                self._give_up_process(stuck)
            if monotonic() > self._deadline:
                self._give_up(HUNG, f"it did not end within {self._give_up_after_s:.0f} s", self._below())

    def _watch_start(self) -> None:
        """Reports a strategy that does not start; returns when tasks run."""
        deadline = monotonic() + self._start_limit_s
        still = 0
        while not self._runs_tasks and not self._ended.wait(self._period_s):
            all_wait = process_tree.all_wait(os.getpid(), own_native_ids())
            still = still + 1 if all_wait else 0
            if still >= DEADLOCK_PERIODS or monotonic() > deadline:
                replaced = replaced_by()
                why = f": {replaced} replaces threads or clocks" if replaced else ""
                self._give_up(NOT_STARTED, f"its threads or processes do not start{why}", self._below())

    def _is_idle(self) -> bool:
        """Tells whether the process used next to no CPU time in the last period."""
        used = process_time()
        before, self._used_s = self._used_s, used
        return used - before < MAX_IDLE_CPU_SHARE * self._period_s

    def _all_wait(self) -> bool:
        # Another process may end the wait.
        frames = self._frames()
        all_wait = bool(frames) and all(waits_for_thread(frame) for frame in frames)
        return all_wait and not process_tree.has_workers(os.getpid())

    def _frames(self) -> list[FrameType]:
        return [frame for ident, frame in current_frames().items() if not is_own(ident)]

    def _stuck_process(self) -> int | None:
        """Returns a process below this one that nothing has been able to wake for some periods."""
        below = process_tree.descendants(os.getpid())
        dead = [process for process in below if process_tree.waits_for_ever(process)]
        self._stuck = {process: self._stuck.get(process, 0) + 1 for process in dead}
        return next((process for process in dead if self._stuck[process] >= DEADLOCK_PERIODS), None)

    def _give_up_process(self, process: int) -> None:
        message = "every thread of a process waits for another one"
        if process_tree.is_fork(process):
            message = "a lock was held when a process was forked, so it stays held there after fork"
        self._send(DEADLOCK, message, _locations_in(process))

    def _below(self) -> list[str | None]:
        """Returns the lines at which the processes below this one are."""
        below = process_tree.descendants(os.getpid())[:MAX_ASKED_PROCESSES]
        return [location for process in below for location in _locations_in(process)]

    def _give_up(self, code: str, message: str, below: list[str | None] | None = None) -> None:
        locations = [location_of_frame(frame) for frame in self._frames()] + _locations_of_tasks()
        # What a process below does, this one waits for.
        self._send(code, message, (below or []) + locations)

    def _send(self, code: str, message: str, locations: list[str | None]) -> None:
        known = list(dict.fromkeys(location for location in locations if location))
        self._report(code, message + (": " + ", ".join(known[:MAX_SHOWN_LOCATIONS]) if known else ""))


def _locations_in(process: int) -> list[str | None]:
    """Returns the innermost line of the user's code of each thread of another process."""
    found: list[str | None] = []
    for stack in stack_dumps.of_process(process):
        own = next((frame for frame in stack if is_of_user(frame.file)), None)
        if own is not None:
            found.append(f"{os.path.basename(own.file)}:{own.line} in {own.function}")
    return found


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
    """Returns the innermost line of the user's code, as in `file.py:12 in function`; else the package."""
    files = []
    while frame is not None:
        files.append(frame.f_code.co_filename)
        if is_of_user(files[-1]):
            return f"{os.path.basename(files[-1])}:{frame.f_lineno} in {frame.f_code.co_name}"
        frame = frame.f_back
    package = innermost_package(files, with_library=False)
    return None if package is None else f"in {package}"


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
        if frame is not None and is_of_user(frame.f_code.co_filename):
            location = location_of_frame(frame)
        coroutine = getattr(coroutine, "cr_await", None)
    return location
