"""How the workers of a pool spent their time, as seen by the process that hands out the work."""

from __future__ import annotations

from collections import Counter

from .primitives import perf_counter_ns
from .requests import JsonObject


class IpcStats:
    """Sums the time in which workers had something to do, and the time in which they worked.

    A pool with fewer messages under way than workers leaves some workers idle. An executor has one queue
    for all workers, so more messages than workers keep every worker busy.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._under_way = 0
        self._since = perf_counter_ns()
        self._active_ns = 0
        self._working_ns = 0
        self._messages: Counter[int] = Counter()

    def record_sent(self) -> None:
        """Counts a message that was sent."""
        self._advance()
        self._under_way += 1

    def record_answer(self, tasks: int, worked_ns: int) -> None:
        """Counts the answer to a message of `tasks` tasks, on which its worker spent `worked_ns`."""
        self._advance()
        self._under_way -= 1
        self._working_ns += worked_ns
        self._messages[tasks] += 1

    def record_lost(self) -> None:
        """Forgets all messages under way: none will be answered."""
        self._advance()
        self._under_way = 0

    def _advance(self) -> None:
        now = perf_counter_ns()
        self._active_ns += max(0, min(self._under_way, self.workers)) * (now - self._since)
        self._since = now

    def report(self) -> JsonObject:
        """Returns the sums in seconds, and pairs of message size and number of messages."""
        return {
            "workers": self.workers,
            "active_s": self._active_ns * 1e-9,
            "working_s": self._working_ns * 1e-9,
            "messages": sorted(self._messages.items()),
        }
