"""How long another thread would wait for the interpreter's lock (GIL) while tasks run.

A thread that sleeps for half a millisecond and then needs the lock measures how late it gets it. Time
spent waiting for a CPU is subtracted.
"""

from __future__ import annotations

from .primitives import OwnThread, perf_counter, sleep
from .requests import JsonObject
from .resource_usage import RunQueue

NAP_S = 0.0005

# Lateness of a timer on an idle machine, in seconds per nap.
TIMER_LATENESS_S = 0.00008

# With less CPU time than this share of the wall time, the probe says nothing about the GIL.
MIN_CPU_SHARE = 0.05


class GilProbe(OwnThread):
    """Requests the lock again and again until `stop` is called."""

    def __init__(self) -> None:
        super().__init__()
        self._is_over = False
        self.waited_s = 0.0
        self.elapsed_s = 0.0

    def stop(self) -> None:
        """Ends the probe; afterwards `waited_s` and `elapsed_s` are set."""
        self._is_over = True
        self.join()

    def run(self) -> None:
        """Sleeps and measures how late it wakes up."""
        queue = RunQueue()
        late, naps, queued = 0.0, 0, queue.seconds()
        begun = last = perf_counter()
        while not self._is_over:
            sleep(NAP_S)
            now = perf_counter()
            late += now - last - NAP_S
            last = now
            naps += 1
        queued_after = queue.seconds()
        queue.close()
        queue_s = queued_after - queued if queued is not None and queued_after is not None else 0.0
        self.elapsed_s = last - begun
        self.waited_s = waited(late - queue_s, naps, self.elapsed_s)


def waited(late_s: float, naps: int, elapsed_s: float) -> float:
    """Returns the wait for the lock in the lateness of all naps together, within 0 and `elapsed_s`."""
    return min(elapsed_s, max(0.0, late_s - naps * TIMER_LATENESS_S))


def gil_shares(waited_s: float, elapsed_s: float, cpu_s: float) -> JsonObject:
    """Returns both shares; None where the time or the CPU time is too short to tell."""
    return {
        "gil_wanted": waited_s / elapsed_s if elapsed_s else None,
        # Tasks that hardly compute have no reason to hold the lock.
        "gil_held": min(1.0, waited_s / cpu_s) if cpu_s > MIN_CPU_SHARE * elapsed_s else None,
    }
