"""What one test costs: measured in the process that runs it."""

import os
import resource
import sys
import time
from dataclasses import dataclass
from typing import Optional

# Bytes in a unit of `ru_maxrss`.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """The cost of a test, with set-up and teardown.

    Attributes:
        alone_s: Seconds from start to end, without those in which it stood in the queue for a CPU.
        cpu_s: Seconds of CPU time, of the children that ended too.
        peak_bytes: Largest resident size of the process while the test ran.
    """

    alone_s: float
    cpu_s: float
    peak_bytes: int

    @property
    def busy_s(self) -> float:
        """The seconds of `alone_s` in which it computed."""
        return min(self.alone_s, self.cpu_s)

    @property
    def wait_s(self) -> float:
        """The seconds of `alone_s` in which it waited."""
        return self.alone_s - self.busy_s


class Meter:
    """Measures one test after another.

    CPU time between two tests belongs to the second one: that is what reporting the first one costs.
    """

    def __init__(self) -> None:
        # Open files are read in a tenth of the time that it takes to open them.
        self._queue = _opened("/proc/thread-self/schedstat", os.O_RDONLY)
        self._peak = _opened("/proc/self/clear_refs", os.O_WRONLY)
        self._read_cpu_s: Optional[float] = None

    def start(self) -> None:
        """Begins a test."""
        self._forget_peak()
        self._children = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._queued_s = self._queue_s()
        self._cpu_s = time.process_time()
        before_s = self._read_cpu_s
        self._reporting_s = 0.0 if before_s is None else self._cpu_s - before_s
        self._began_s = time.perf_counter()

    def read(self) -> Cost:
        """Returns the cost of the test so far."""
        wall_s = time.perf_counter() - self._began_s
        self._read_cpu_s = time.process_time()
        own_s = self._read_cpu_s - self._cpu_s + self._reporting_s
        queued_s = self._queue_s() - self._queued_s
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        theirs_s = children.ru_utime + children.ru_stime - self._children.ru_utime - self._children.ru_stime
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if theirs_s > 0:
            # The largest child of all counts for every test that had children: which one it was is not known.
            peak += _seen_of_children(children.ru_maxrss, peak)
        alone_s = max(wall_s - queued_s, 0.0) + self._reporting_s
        return Cost(alone_s, own_s + max(theirs_s, 0.0), peak * RSS_UNIT)

    def _queue_s(self) -> float:
        """Returns the seconds that this thread stood in the queue for a CPU; 0 where that is not told."""
        if self._queue is None:
            return 0.0
        try:
            return int(os.pread(self._queue, 64, 0).split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0

    def _forget_peak(self) -> None:
        """Makes Linux note the largest resident size anew; elsewhere it is that of the process so far."""
        if self._peak is not None:
            try:
                os.write(self._peak, b"5")
            except OSError:
                self._peak = None


def _seen_of_children(largest: int, own: int) -> int:
    """Returns the peak of the largest child as far as it is known, in the unit of `ru_maxrss`.

    Linux lets a child begin with the peak of the process that started it (`exec_mmap` in fs/exec.c), so that
    a smaller child cannot be told from none.
    """
    return largest if largest > own else 0


def _opened(path: str, flags: int) -> Optional[int]:
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except OSError:
        return None
