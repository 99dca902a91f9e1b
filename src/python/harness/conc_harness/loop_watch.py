"""Watches an event loop for coroutines that block it: that wait in a call instead of awaiting."""

from __future__ import annotations

import linecache
from types import CodeType, FrameType

from .primitives import Flag, OwnThread, get_ident, get_native_id, perf_counter
from .requests import JsonObject
from .resource_usage import RunQueue
from .thread_frames import current_frames
from .user_code import is_of_user

# Seconds between two looks. A block is seen if it lasts for two of them.
PERIOD_S = 0.003

# A thread that ran or stood in the run queue for more than this share of a spell computes.
MAX_ACTIVE_SHARE = 0.5

# A quoted line is cut to this length.
MAX_LINE_CHARACTERS = 60


# The file, the line and the function of the user's innermost frame, and what the thread executes.
Call = tuple[str, int, str, CodeType, int]


class Spell:
    """A time in which every look found the thread in the same call."""

    def __init__(self, call: Call | None, now_s: float, active_s: float) -> None:
        self.call = call
        self.begun_s = self.last_s = now_s
        self.active_s = active_s


class LoopWatch(OwnThread):
    """Looks at the stack of the calling thread, which runs an event loop, until `stop`."""

    def __init__(self) -> None:
        super().__init__()
        # Seconds blocked, by file, line number and function.
        self.blocked_s: dict[tuple[str, int, str], float] = {}
        self._watched = get_ident()
        self._queue = RunQueue(get_native_id())
        self._stopped = Flag()

    def stop(self) -> JsonObject | None:
        """Ends; returns the line that blocked the loop longest, and for how long, or None if none did."""
        self._stopped.raise_it()
        self.join()
        self._queue.close()
        if not self.blocked_s:
            return None
        (file, line, function), seconds = max(self.blocked_s.items(), key=lambda item: item[1])
        code = linecache.getline(file, line).strip()[:MAX_LINE_CHARACTERS]
        return {
            "file": file,
            "line": line,
            "function": function,
            "code": code,
            "blocked_s": seconds,
            "all_s": sum(self.blocked_s.values()),
        }

    def run(self) -> None:
        """Looks until the end."""
        spell = Spell(None, perf_counter(), self._active_s())
        while not self._stopped.wait(PERIOD_S):
            frame = current_frames().get(self._watched)
            call = _blocking_call(frame) if frame else None
            # The frame keeps the variables of the task alive.
            del frame
            if call == spell.call:
                spell.last_s = perf_counter()
            else:
                self._add(spell)
                spell = Spell(call, perf_counter(), self._active_s())
        self._add(spell)

    def _add(self, spell: Spell) -> None:
        """Adds a spell that has ended, so that the system has accounted for it."""
        whole_s = spell.last_s - spell.begun_s
        waited_s = whole_s - (self._active_s() - spell.active_s)
        if spell.call is not None and waited_s > (1.0 - MAX_ACTIVE_SHARE) * whole_s:
            file, line, function, *_ = spell.call
            place = (file, line, function)
            self.blocked_s[place] = self.blocked_s.get(place, 0.0) + waited_s

    def _active_s(self) -> float:
        """Returns the seconds in which the thread of the loop ran or waited for a CPU."""
        return self._queue.active_seconds() or 0.0


def _blocking_call(frame: FrameType) -> Call | None:
    """Returns the user's line that a thread is in; None if the loop itself waits for events."""
    code, last = frame.f_code, frame.f_lasti
    caller: FrameType | None = frame
    while caller is not None:
        if caller.f_code.co_name == "_run_once" and caller.f_code.co_filename.endswith("base_events.py"):
            return None
        if is_of_user(caller.f_code.co_filename):
            return caller.f_code.co_filename, caller.f_lineno, caller.f_code.co_name, code, last
        caller = caller.f_back
    return None
