"""Observes the tasks from another thread: what blocks the event loop, what holds the GIL, what hangs.

The event loop gives a sign of life every 10 ms. If it does not, the stack of its thread names the line that
blocks it. Time that a thread waited for a CPU is not counted.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable

from ..primitives import (
    Flag,
    OwnThread,
    get_ident,
    get_native_id,
    monotonic,
    perf_counter,
    process_time,
    sleep,
    thread_time,
)
from ..requests import JsonObject
from ..resource_usage import RunQueue
from ..thread_frames import current_frames
from . import hang_report, source_locations
from .source_locations import Location

PERIOD_S = 0.01
NAP_S = 0.001

# A shorter stall is not reported.
MIN_STALL_S = 0.02

# A thread that wants the GIL gets it after 5 ms at the latest, unless another one holds it in C code.
MIN_LATENESS_S = 0.002

# The CPU time of a hang is that of this many seconds at its end.
CPU_WINDOW_S = 1.0


class Observer(OwnThread):
    """Observes the main thread; `on_hang` gets a report and ends the process."""

    def __init__(self, on_hang: Callable[[JsonObject], object]) -> None:
        super().__init__()
        self.ident = 0
        self._on_hang = on_hang
        self._main = threading.main_thread()
        self._is_over = False
        self._is_ready = Flag()
        self._main_queue = RunQueue(self._main.native_id)
        self._deadline: float | None = None
        self._stage = ""
        self._item: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._beat = 0.0
        self._queued_s = 0.0
        self._samples: Counter[Location] = Counter()
        # The functions of packages that lines of the user called when they blocked the loop.
        self._packages: dict[Location, str] = {}
        self._stalls: dict[Location, tuple[float, float, int]] = {}
        self._late_s = 0.0
        self._holders: Counter[Location] = Counter()
        self._threads = 0
        # CPU seconds of this thread.
        self.used_s = 0.0
        # The time of the last reading, and the CPU seconds of the tasks until then.
        self._reading: tuple[float, float] | None = None

    # Called by the main thread.

    def start(self) -> None:
        """Starts the thread and returns when it has opened all its files."""
        super().start()
        self._is_ready.wait()

    def begin(self, stage: str, limit_s: float, item: str | None = None) -> None:
        """Begins a stage that hangs if it takes longer than `limit_s`."""
        self._stage, self._item = stage, item
        self._reading = None
        self._deadline = monotonic() + limit_s

    def end(self) -> None:
        """Ends the last stage."""
        self._deadline = None

    def stop(self) -> None:
        """Ends the thread."""
        self._is_over = True

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Expects signs of life from the running loop."""
        self._loop = loop
        self._samples.clear()
        self._beat = perf_counter()
        self._queued_s = _seconds(self._main_queue)
        loop.call_later(PERIOD_S, self._live)

    def leave_loop(self) -> None:
        """Ends the watch of the loop; a stall that it has just been in counts."""
        self._account()
        self._loop = None

    def _live(self) -> None:
        if self._loop is not None:
            self._account()
            self._loop.call_later(PERIOD_S, self._live)

    def _account(self) -> None:
        now, queued = perf_counter(), _seconds(self._main_queue)
        stall = now - self._beat - PERIOD_S - (queued - self._queued_s)
        location = _most_common(self._samples)
        if stall >= MIN_STALL_S and location:
            longest, total, count = self._stalls.get(location, (0.0, 0.0, 0))
            self._stalls[location] = (max(longest, stall), total + stall, count + 1)
        self._samples.clear()
        self._beat, self._queued_s = now, queued

    # Called by this thread.

    def run(self) -> None:
        """Looks every millisecond."""
        queue = RunQueue(get_native_id())
        self.ident = get_ident()
        self._is_ready.raise_it()
        queued = _seconds(queue)
        while not self._is_over:
            before = perf_counter()
            sleep(NAP_S)
            late = perf_counter() - before - NAP_S
            queued, already = _seconds(queue), queued
            if late - (queued - already) > MIN_LATENESS_S:
                self._add_lateness(late - (queued - already))
            self._look_at_loop()
            self._look_at_clock()
            self.used_s = thread_time()

    def _add_lateness(self, late_s: float) -> None:
        """Adds time in which some thread held the GIL: any thread that is at a line of the user's code."""
        self._late_s += late_s
        for ident, frame in current_frames().items():
            if ident == self.ident:
                continue
            location = source_locations.innermost(source_locations.frames_of_thread(frame))
            if location:
                self._holders[location] += 1

    def _look_at_loop(self) -> None:
        if self._loop is None or perf_counter() - self._beat < PERIOD_S + NAP_S:
            return
        main = self._main.ident
        frame = current_frames().get(main) if main is not None else None
        frames = source_locations.frames_of_thread(frame)
        location, package = source_locations.innermost(frames), source_locations.package_function(frames)
        if location:
            self._samples[location] += 1
            if package:
                self._packages[location] = package

    def _look_at_clock(self) -> None:
        self._threads = max(self._threads, threading.active_count() - 1)
        now, deadline, reading = monotonic(), self._deadline, self._reading
        if deadline is None:
            return
        if reading is None or (now - reading[0] > CPU_WINDOW_S and deadline - now > CPU_WINDOW_S / 2):
            self._reading = (now, _cpu_of_others())
        elif now > deadline:
            self._on_hang(self._hang(reading, now))

    def _hang(self, reading: tuple[float, float], now: float) -> JsonObject:
        since, used = reading
        cpu = (_cpu_of_others() - used) / max(now - since, 1e-9)
        return {"stage": self._stage, "item": self._item, "cpu_fraction": cpu, "waits": hang_report.waits()}

    # Results.

    def gil(self) -> JsonObject:
        """Returns how long this thread waited for the GIL, for which line, and the number of threads."""
        place = source_locations.reported(_most_common(self._holders))
        return {"waited_s": self._late_s, "threads": self._threads, "place": place}

    def forget(self) -> None:
        """Resets what `gil` and `stalls` return, and ends the watch of a loop."""
        self._loop = None
        self._late_s, self._threads = 0.0, 0
        self._holders.clear()
        self._stalls.clear()

    def stalls(self) -> list[JsonObject]:
        """Returns the lines that blocked the loop."""
        return [
            {
                "place": source_locations.reported(location),
                "longest_s": longest,
                "total_s": total,
                "count": count,
                "package_function": self._packages.get(location),
            }
            for location, (longest, total, count) in list(self._stalls.items())
        ]


def _most_common(locations: Counter[Location]) -> Location | None:
    # Copied, because another thread may add a location meanwhile.
    counts = list(locations.items())
    return max(counts, key=lambda counted: counted[1], default=(None, 0))[0]


def _seconds(queue: RunQueue) -> float:
    """Returns the seconds that a thread waited for a CPU; 0 if unknown."""
    return queue.seconds() or 0.0


def _cpu_of_others() -> float:
    """Returns the CPU seconds of this process, without those of the calling thread."""
    return process_time() - thread_time()
