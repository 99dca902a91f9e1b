"""Where the time of the workers of a pool goes, as far as the one who hands out the work sees it."""

from collections import Counter
from time import perf_counter_ns


class Traffic:
    """Adds up for how long workers had something to do, and for how long they were at it.

    A pool with fewer messages under way than workers leaves some of them without work; the queue of
    an executor is one for all, so that more messages than workers keep every worker busy.
    """

    def __init__(self, workers):
        self.workers = workers
        self._under_way = 0
        self._since = perf_counter_ns()
        self._active = 0
        self._working = 0
        self._messages = Counter()

    def sent(self):
        """A message is on its way."""
        self._look()
        self._under_way += 1

    def answered(self, tasks, worked_ns):
        """The answer to a message of so many tasks is there; its worker was at them for so long."""
        self._look()
        self._under_way -= 1
        self._working += worked_ns
        self._messages[tasks] += 1

    def lost(self):
        """Nothing that was under way will be answered."""
        self._look()
        self._under_way = 0

    def _look(self):
        now = perf_counter_ns()
        self._active += max(0, min(self._under_way, self.workers)) * (now - self._since)
        self._since = now

    def report(self):
        """Seconds, and how many messages there were of how many tasks."""
        return {
            "workers": self.workers,
            "active_s": self._active * 1e-9,
            "working_s": self._working * 1e-9,
            "messages": sorted(self._messages.items()),
        }
