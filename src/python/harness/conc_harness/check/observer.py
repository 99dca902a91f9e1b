"""Watches from a thread beside the tasks: who holds up the event loop, who holds the GIL, what hangs.

The event loop gives a sign of life every 10 ms. Where it does not, the stack of its thread names the
line that holds it up. Time that a thread waited for a CPU is not counted against it.
"""

import os
import sys
import threading
import time
from collections import Counter

from . import hang, places

PERIOD_S = 0.01
NAP_S = 0.001

# A stall shorter than this is no concern of anybody.
STALL_S = 0.02

# A thread that wants the GIL is given it after 5 ms, if the others do not let go of it before.
LATE_S = 0.002

# How far back the CPU time of a hang is looked at.
WINDOW_S = 1.0


class Observer(threading.Thread):
    """Watches the main thread, and ends the process when it hangs."""

    def __init__(self, on_hang):
        super().__init__(name="conc-observer", daemon=True)
        self._on_hang = on_hang
        self._main = threading.main_thread()
        self._over = False
        self._is_ready = threading.Event()
        self._main_queue = RunQueue(self._main.native_id)
        self._deadline = None
        self._stage = None
        self._loop = None
        self._samples = Counter()
        self._stalls = {}
        self._late_s = 0.0
        self._holders = Counter()
        self._threads = 0
        self._looked = None

    # The main thread's side.

    def start(self):
        """Starts, and returns when everything is open that this will ever open."""
        super().start()
        self._is_ready.wait()

    def begin(self, stage, patience_s, item=None):
        """From now on this is being done, and may take so long."""
        self._stage = (stage, item)
        self._looked = None
        self._deadline = time.monotonic() + patience_s

    def end(self):
        """Nothing is being done that could hang."""
        self._deadline = None

    def stop(self):
        """Ends the thread."""
        self._over = True

    def watch_loop(self, loop):
        """Expects signs of life from the running loop."""
        self._loop = loop
        self._samples.clear()
        self._beat = time.perf_counter()
        self._queued = self._main_queue.waited_s()
        loop.call_later(PERIOD_S, self._live)

    def leave_loop(self):
        """The loop is about to end; a stall that it has just been in counts."""
        self._account()
        self._loop = None

    def _live(self):
        if self._loop is not None:
            self._account()
            self._loop.call_later(PERIOD_S, self._live)

    def _account(self):
        now, queued = time.perf_counter(), self._main_queue.waited_s()
        stall = now - self._beat - PERIOD_S - (queued - self._queued)
        where = max(self._samples, key=self._samples.get, default=None)
        if stall >= STALL_S and where:
            longest, total, count = self._stalls.get(where, (0.0, 0.0, 0))
            self._stalls[where] = (max(longest, stall), total + stall, count + 1)
        self._samples.clear()
        self._beat, self._queued = now, queued

    # This thread's side.

    def run(self):
        """Looks every millisecond."""
        queue = RunQueue(threading.get_native_id())
        self._is_ready.set()
        queued = queue.waited_s()
        while not self._over:
            before = time.perf_counter()
            time.sleep(NAP_S)
            late = time.perf_counter() - before - NAP_S
            queued, already = queue.waited_s(), queued
            if late - (queued - already) > LATE_S:
                self._was_late(late - (queued - already))
            self._look_at_loop()
            self._look_at_clock()

    def _was_late(self, late):
        """Somebody held the GIL: any thread that is at a line of the user's may have."""
        self._late_s += late
        for ident, frame in sys._current_frames().items():
            place = places.place(places.frames_of_thread(frame)) if ident != self.ident else None
            if place:
                self._holders[place] += 1

    def _look_at_loop(self):
        if self._loop is None or time.perf_counter() - self._beat < PERIOD_S + NAP_S:
            return
        frame = sys._current_frames().get(self._main.ident)
        place = places.place(places.frames_of_thread(frame))
        if place:
            self._samples[place] += 1

    def _look_at_clock(self):
        self._threads = max(self._threads, threading.active_count() - 2)
        now, deadline, looked = time.monotonic(), self._deadline, self._looked
        if deadline is None:
            return
        if looked is None or (now - looked[0] > WINDOW_S and deadline - now > WINDOW_S / 2):
            self._looked = (now, _cpu_of_others())
        elif now > deadline:
            self._on_hang(self._hang(looked, now))

    def _hang(self, looked, now):
        since, used = looked
        stage, item = self._stage
        cpu = (_cpu_of_others() - used) / max(now - since, 1e-9)
        return {"stage": stage, "item": item, "cpu_fraction": cpu, "waits": hang.waits()}

    # What was seen.

    def gil(self):
        """How long this thread has waited for the GIL, for whom, and how many threads there were."""
        where = max(self._holders, key=self._holders.get, default=None)
        return {"waited_s": self._late_s, "threads": self._threads, "place": places.told(where)}

    def forget(self):
        """Begins anew with what `gil` and `stalls` tell; a loop is watched no more."""
        self._loop = None
        self._late_s, self._threads = 0.0, 0
        self._holders.clear()
        self._stalls.clear()

    def stalls(self):
        """The places that held up the loop."""
        return [
            {"place": places.told(where), "longest_s": longest, "total_s": total, "count": count}
            for where, (longest, total, count) in list(self._stalls.items())
        ]


class RunQueue:
    """How long a thread of this process has waited for a CPU; its file stays open."""

    def __init__(self, thread):
        try:
            self._file = os.open("/proc/self/task/%d/schedstat" % thread, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = None

    def waited_s(self):
        """Seconds so far; always 0 where the system does not tell."""
        if self._file is None:
            return 0.0
        return int(os.pread(self._file, 100, 0).split()[1]) * 1e-9


def _cpu_of_others():
    """CPU seconds of this process, apart from those of the calling thread, the observer."""
    return time.process_time() - time.thread_time()
