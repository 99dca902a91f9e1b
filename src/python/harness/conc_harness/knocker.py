"""How much others would have to wait for the interpreter's lock while tasks run.

A thread that sleeps for half a millisecond and then needs the lock sees how late it gets it; waiting
for a CPU is not counted.
"""

import threading
from time import perf_counter

from . import usage

NAP_S = 0.0005

# A timer is late by this much of its own.
TIMER_S = 0.00008


class Knocker(threading.Thread):
    """Knocks at the lock until it is told to end."""

    def __init__(self):
        super().__init__(name="conc-knocker", daemon=True)
        self.over = False
        self.waited_s = None
        self.elapsed_s = 0.0

    def run(self):
        """Sleeps and looks how late it is, again and again."""
        from time import sleep

        queue = usage.RunQueue()
        late, knocks, queued = 0.0, 0, queue.seconds()
        begun = last = perf_counter()
        while not self.over:
            sleep(NAP_S)
            now = perf_counter()
            late += now - last - NAP_S
            last = now
            knocks += 1
        if queued is not None:
            late -= queue.seconds() - queued
        self.elapsed_s = last - begun
        self.waited_s = min(self.elapsed_s, max(0.0, late - knocks * TIMER_S))
