"""What threads gain: runs the task itself in one thread and in several, by turns.

A probe beside one thread cannot tell: code that computes for 30 µs between system calls looks as if it
gave the interpreter's lock (GIL) away, and code that gives it away very often is slower in two threads than
in one.
"""

from __future__ import annotations

import math
import resource
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from . import resource_usage
from .gil_probe import GilProbe, gil_shares
from .job import Job
from .primitives import allocate_lock, perf_counter_ns, process_time, thread_time
from .requests import JsonObject
from .resource_usage import RunQueue

# Time of one slice in which threads have a CPU or wait for one another: several switch intervals of the
# interpreter, which are 5 ms. On a busy machine a slice takes up to so many times as long.
SLICE_S = 0.02
MAX_STRETCH = 4

# Time after which no round starts, and the number of rounds that run before that in any case.
MAX_TRIAL_S = 0.3
MIN_ROUNDS = 3

# The speed-ups of all rounds agree if they differ by less than this share; then the trial ends.
AGREEMENT = 0.12

# Tasks longer than this run once in each thread; their cost alone is that in the profile.
LONG_TASK_S = 0.15

# Tasks that use a CPU for less than this share of their time wait; their cost alone is that in the profile.
WAITS_BELOW_SHARE = 0.35

# Tasks that use a CPU for this share of their time need no more than two threads to ask for two CPUs.
COMPUTES_FROM_SHARE = 0.8

# CPUs that the threads of other tasks should ask for, more than two because they wait at random times, and
# the number of threads that may do it.
DEMAND_CPUS = 3.0
MAX_THREADS = 16

# A gain of tasks that run once in each thread from which the lock needs no probe.
CLEAR_GAIN = 1.5

# Share of the threads of a slice after whose end it counts as over, and the factor of that time within which
# the others ended with them.
MOST_THREADS = 0.75
WITH_THE_OTHERS = 1.1

# Time of the probe of the lock: shorter, one call of a task that waits decides.
PROBE_S = 0.06

# Calls between two looks at the clock take about this long.
CHUNK_S = 0.0002
MAX_CHUNK = 1000

# A thread that is not back after this time, the longest task in each thread, and so many times that, hangs.
PATIENCE_S = 1.0
PATIENCE_TASKS = 10


class TaskCost(NamedTuple):
    """The mean cost of a task in the profile; time in which it waited for a CPU is not part of `wall_s`."""

    wall_s: float
    cpu_s: float
    longest_s: float

    def cpu_share(self) -> float:
        """Returns the CPU time as a share of the time, at most 1."""
        return min(1.0, self.cpu_s / self.wall_s) if self.wall_s > 0.0 else 1.0


@dataclass
class Slice:
    """The cost of a slice; `queued_s` is a mean over its threads, other times are sums."""

    threads: int
    calls: int = 0
    failed: int = 0
    # From the first start of any thread to the last end.
    wall_s: float = 0.0
    queued_s: float = 0.0
    # Of all threads of the process, of those that run tasks, and of children that ended.
    cpu_s: float = 0.0
    thread_cpu_s: float = 0.0
    children_s: float = 0.0
    # Times that the threads went to sleep to wait for something.
    pauses: int = 0

    def rate(self) -> float:
        """Returns the calls per second in which no thread waited for a CPU."""
        return self.calls / max(self.wall_s - self.queued_s, self.wall_s / 10, 1e-9)


Round = tuple[Any, Slice]


class ThreadTimes(NamedTuple):
    """What one thread did in a slice."""

    calls: int
    failed: int
    begun_ns: int
    ended_ns: int
    cpu_s: float
    queued_s: float
    pauses: int


class Trial:
    """Runs tasks that are not part of the profile, from task number `first` on."""

    def __init__(self, job: Job, first: int, cost: TaskCost) -> None:
        self._job = job
        self._call = job.program.function()
        self._next = first
        self._cost = cost
        self._width = threads_for(cost)
        self._pool = ThreadPoolExecutor(self._width)
        self._lock = allocate_lock()
        self._chunk = max(1, min(MAX_CHUNK, int(CHUNK_S / max(cost.wall_s, 1e-9))))
        self.hangs = False
        # What the probe of the lock saw.
        self.gil = gil_shares(0.0, 0.0, 0.0)

    def run(self) -> JsonObject:
        """Returns the rounds; `gil` then has what a probe of the lock saw."""
        rounds: list[Round] = []
        try:
            self._run_rounds(rounds)
        except RuntimeError:
            # The system refuses another thread.
            pass
        self._pool.shutdown(wait=not self.hangs)
        return {
            "threads": self._width,
            "rounds": [
                {"alone": asdict(alone) if alone else None, "together": asdict(together)}
                for alone, together in rounds
            ],
            "hangs": self.hangs,
        }

    def _run_rounds(self, rounds: list[Round]) -> None:
        is_brief = self._cost.wall_s > LONG_TASK_S or self._cost.cpu_share() < WAITS_BELOW_SHARE
        if self._cost.wall_s <= LONG_TASK_S and not self._slice(self._width, 0.0):
            # The first call of a thread may open a connection or the like.
            return
        begun_ns = perf_counter_ns()
        while not is_certain(rounds, is_brief, (perf_counter_ns() - begun_ns) * 1e-9):
            alone = None if is_brief else self._slice(1)
            together = None if self.hangs else self._slice(self._width)
            if together is None:
                return
            rounds.append((alone, together))
        if not (is_brief and self._gains(rounds)):
            self._probe()

    def _gains(self, rounds: list[Round]) -> bool:
        """Tells whether tasks that ran once in each thread are clearly faster than in the profile."""
        return all(
            together.calls * self._cost.wall_s >= CLEAR_GAIN * together.wall_s for _, together in rounds
        )

    def _probe(self) -> None:
        """Measures in another thread how long it waits for the lock while one thread runs tasks."""
        probe = GilProbe()
        probe.start()
        beside = self._slice(1, PROBE_S)
        probe.stop()
        if beside:
            self.gil = gil_shares(probe.waited_s, probe.elapsed_s, beside.cpu_s)

    def _slice(self, threads: int, seconds: float = SLICE_S) -> Slice | None:
        """Runs tasks in so many threads, one each at least; None if they do not come back."""
        ready = threading.Barrier(threads)
        children, cpu_s = resource_usage.cpu_of_children(), process_time()
        futures = [self._pool.submit(self._work, ready, seconds) for _ in range(threads)]
        # At worst one runs after another.
        patience_s = PATIENCE_S + (threads + PATIENCE_TASKS) * max(self._cost.longest_s, SLICE_S)
        if wait(futures, timeout=patience_s).not_done:
            self.hangs = self._job.has_stuck_thread = True
            return None
        used = resource_usage.cpu_of_children().since(children)
        return _sum(futures, process_time() - cpu_s, used.user_s + used.system_s)

    def _work(self, ready: threading.Barrier, seconds: float) -> ThreadTimes:
        call = self._call
        queue = RunQueue()
        calls = failed = 0
        with self._job.file:
            ready.wait(PATIENCE_S)
            queued_s, cpu_s, pauses = queue.seconds() or 0.0, thread_time(), _pauses()
            begun_ns = now_ns = perf_counter_ns()
            while calls == 0 or _goes_on((now_ns - begun_ns) * 1e-9, seconds, queue, queued_s):
                for item in self._take():
                    calls += 1
                    try:
                        call(item)
                    except BaseException:
                        failed += 1
                now_ns = perf_counter_ns()
            cpu_s, pauses = thread_time() - cpu_s, _pauses() - pauses
            queued_s = (queue.seconds() or 0.0) - queued_s
        queue.close()
        return ThreadTimes(calls, failed, begun_ns, now_ns, cpu_s, queued_s, pauses)

    def _take(self) -> list[Any]:
        """Returns the items of the next tasks; after the last the first comes again."""
        items = self._job.items
        with self._lock:
            first = self._next
            self._next += self._chunk
        return [items[task % len(items)] for task in range(first, first + self._chunk)]


def _sum(futures: list[Future[ThreadTimes]], cpu_s: float, children_s: float) -> Slice:
    """Returns a slice from what its threads did, as far as most of them had ended.

    Of more than two threads, the last quarter counts only if it ended with the others, so that one long task
    among many is not taken for a lock that lets one thread through at a time.
    """
    every = sorted((future.result() for future in futures), key=lambda times: times.ended_ns)
    begun_ns = min(times.begun_ns for times in every)
    most = every[math.ceil(MOST_THREADS * len(every)) - 1]
    until_ns = begun_ns + WITH_THE_OTHERS * (most.ended_ns - begun_ns)
    each = [times for times in every if times.ended_ns <= until_ns]
    calls = sum(times.calls for times in each)
    share = calls / max(1, sum(times.calls for times in every))
    return Slice(
        threads=len(every),
        calls=calls,
        failed=sum(times.failed for times in each),
        wall_s=(each[-1].ended_ns - begun_ns) * 1e-9,
        queued_s=sum(times.queued_s for times in each) / len(each),
        cpu_s=cpu_s * share,
        thread_cpu_s=sum(times.cpu_s for times in each),
        children_s=children_s * share,
        pauses=sum(times.pauses for times in each),
    )


def _goes_on(elapsed_s: float, seconds: float, queue: RunQueue, queued_before_s: float) -> bool:
    """Tells whether a thread has not yet run, or waited for others of the slice, for long enough."""
    if elapsed_s < seconds:
        return True
    queued_s = (queue.seconds() or 0.0) - queued_before_s
    return elapsed_s - queued_s < seconds and elapsed_s < MAX_STRETCH * seconds


def threads_for(cost: TaskCost) -> int:
    """Returns the number of threads that ask for two CPUs together."""
    share = cost.cpu_share()
    if share >= COMPUTES_FROM_SHARE:
        return 2
    return min(MAX_THREADS, math.ceil(DEMAND_CPUS / max(share, DEMAND_CPUS / MAX_THREADS)))


def is_certain(rounds: list[Round], is_brief: bool, elapsed_s: float) -> bool:
    """Tells whether the trial can end."""
    if is_brief or not rounds or elapsed_s >= MAX_TRIAL_S:
        return bool(rounds)
    gains = [together.rate() / alone.rate() for alone, together in rounds if alone]
    return len(rounds) >= MIN_ROUNDS and max(gains) - min(gains) < AGREEMENT * max(gains)


def _pauses() -> int:
    """Returns how often this thread went to sleep; 0 where the system does not tell."""
    who = getattr(resource, "RUSAGE_THREAD", None)
    return 0 if who is None else resource.getrusage(who).ru_nvcsw
