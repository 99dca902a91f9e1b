"""Runs tasks one after another and measures what each step costs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from . import resource_usage, sending
from .early_end import Clocks, EarlyEnd
from .first_call import FirstCalls, Mark
from .foreign import GREEN_THREADS, replaced_by
from .free_threading import gil_watch, is_gil_enabled
from .gil_probe import GilProbe, gil_shares
from .job import Job
from .loop_watch import LoopWatch
from .primitives import count_own, perf_counter, perf_counter_ns, process_time
from .program import item_function
from .requests import JsonObject, ProfileRequest
from .resource_usage import cpu
from .two_threads import TaskCost, Trial

# The GIL probe of tasks that do not run in threads takes this share of the profile time, after the
# measurement: it looks about a thousand times a second.
GIL_PROBE_SHARE = 0.15

# A first round shorter than this is dominated by costs that every interpreter pays once.
MIN_FIRST_ROUND_NS = 20_000_000


def run(job: Job) -> JsonObject:
    """Returns the profile of the tasks of a job."""
    requested = perf_counter_ns()
    steps = StepMeter(job)
    job.started(requested)
    watch = LoopWatch() if job.program.needs_loop() else None
    if watch:
        watch.start()
    begun = steps.mark()
    first = FirstCalls(steps)
    first.run()
    done = first.next_task
    left_s = job.time_limit_s - first.counted_s()
    if done < job.count and left_s > 0.0:
        done = steps.run_for(left_s, done, steps.early_end())
    job.ended()
    blocked_loop = watch.stop() if watch else None
    whole = steps.mark().since(begun)
    # Waiting for the rate limit is not a cost of the tasks.
    paused_s = whole.waited_s - first.excluded.waited_s
    job.wall_s -= paused_s
    profile: JsonObject = {
        "tasks": done,
        "first_task": first.first_task,
        "once": first.once._asdict() if first.once else None,
        "begun_ns": job.begun_ns,
        "paused_s": paused_s,
        "steps_s": list(steps.wall_s),
        "steps_cpu_s": list(steps.cpu_s),
        "steps_queue_s": list(steps.queue_s),
        "runqueue_s": None if begun.queued_s is None else whole.queued() - first.excluded.queued(),
        "native_threads": _threads_unknown_to_python(),
        "faster_again": _faster_again(job, done),
        "blocked_loop": blocked_loop,
    }
    profile.update(job.report())
    profile["peak_rss_bytes"] += resource_usage.peak_rss_of_children()
    cost = _task_cost(job, range(first.first_task, done), profile["runqueue_s"])
    profile["send_cpu_s"] = sending.cpu_s(steps.result)
    profile.update(_beside_others(job, steps, done, cost))
    steps.close()
    # At the end: a task may import a module that switches it on.
    profile.update(gil=is_gil_enabled(), gil_switched_on_by=gil_watch.switched_on_by)
    return profile


def _beside_others(job: Job, steps: StepMeter, done: int, cost: TaskCost) -> JsonObject:
    """Returns what tasks cost beside others, and the shares of the GIL.

    Coroutines belong to one event loop and run in no threads. Nothing runs side by side if tasks may run only
    once, or wait for one another because of a limit on attempts.
    """
    assert isinstance(job.request, ProfileRequest), "only a profile is metered"
    found: JsonObject = {"trial": None, "in_flight": None}
    # Threads that the module has replaced may never run.
    has_threads = replaced_by() in (None, *GREEN_THREADS)
    if not job.request.in_threads or job.request.limits.rate or not has_threads:
        return {**found, **_probe_gil(job, steps, done)}
    if job.program.needs_loop():
        return {**found, "in_flight": steps.in_flight(done, cost), **_probe_gil(job, steps, done)}
    trial = Trial(job, done, cost)
    found["trial"] = trial.run()
    return {**found, **trial.gil}


def _task_cost(job: Job, tasks: range, runqueue_s: float | None) -> TaskCost:
    """Returns the cost of a task in the profile."""
    latency = job.file.latency[tasks.start : tasks.stop]
    count = sum(1 for taken in latency if taken)
    return TaskCost(
        wall_s=max(0.0, job.wall_s - (runqueue_s or 0.0)) / max(1, count),
        cpu_s=(job.cpu.user_s + job.cpu.system_s) / max(1, count),
        longest_s=max(latency, default=0) * 1e-9,
    )


class StepMeter:
    """Runs tasks step by step and sums the cost of each step; coroutines run on one event loop."""

    def __init__(self, job: Job) -> None:
        assert isinstance(job.request, ProfileRequest), "only a profile is metered"
        program = job.program
        self.job = job
        self.wall_s = [0.0] * len(program.steps)
        self.cpu_s = [0.0] * len(program.steps)
        self.queue_s = [0.0] * len(program.steps)
        self.queue = resource_usage.RunQueue()
        # That of the last task.
        self.result: Any = None
        self._is_over: Callable[[float], bool] | None = None
        self._ended_early = False
        self._numbers = job.request.tasks.numbers
        self._skipped = job.request.skipped_numbers
        self._forms = [
            (item_function(step.blocking or step.any_form(), step.takes_item), step.blocking is None)
            for step in program.steps
        ]
        self._loop = None
        if program.needs_loop():
            import asyncio

            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
            self._await_one = program.limited(self._await_steps)
        else:
            self._run_one = program.on_main_thread(self._run_steps)

    def mark(self) -> Mark:
        """Returns the clocks now."""
        return Mark(
            perf_counter_ns(),
            resource_usage.cpu(),
            self.queue.seconds(),
            self.job.program.waited_s(),
            tuple(self.wall_s),
            tuple(self.cpu_s),
            tuple(self.queue_s),
        )

    def exclude(self, time: Mark) -> None:
        """Takes the steps of some time out of the sums."""
        for sums, excluded in (
            (self.wall_s, time.wall_s),
            (self.cpu_s, time.cpu_s),
            (self.queue_s, time.queue_s),
        ):
            for index, seconds in enumerate(excluded):
                sums[index] -= seconds

    def close(self) -> None:
        """Closes the event loop and the file of the run queue."""
        self.queue.close()
        if self._loop:
            self._loop.close()

    def early_end(self) -> Callable[[float], bool] | None:
        """Returns the rule that ends a profile early, which gets the seconds of a task; None without one."""
        assert isinstance(self.job.request, ProfileRequest), "only a profile is metered"
        # Waiting for a rate limit is not a cost of the tasks, and these clocks include it.
        if not self.job.request.ends_early or self.job.request.limits.rate:
            return None
        early, begun_s, cpu_s, queued_s = EarlyEnd(), perf_counter(), cpu().total_s(), self.queue.seconds()

        def is_over(seconds: float) -> bool:
            wall_s = perf_counter() - begun_s
            if not early.count(seconds, wall_s):
                return False
            queued = (self.queue.seconds() or 0.0) - (queued_s or 0.0)
            return early.is_certain(Clocks(wall_s, cpu().total_s() - cpu_s, queued))

        return is_over

    def in_flight(self, first: int, cost: TaskCost) -> JsonObject | None:
        """Returns the cost of coroutines that run at once; None if they do not end."""
        from . import in_flight

        assert self._loop is not None, "coroutines have a loop"
        coroutine = self.job.program.inline_coroutine()
        with self.job.file:
            return self._loop.run_until_complete(in_flight.run(self.job, coroutine, first, cost))

    def run_for(self, seconds: float, first: int, is_over: Callable[[float], bool] | None = None) -> int:
        """Runs tasks from `first` on until the time is over; returns the task that would be next."""
        self._is_over = is_over
        end_ns = perf_counter_ns() + seconds * 1e9
        with self.job.file:
            if self._loop:
                return self._loop.run_until_complete(self._await_tasks(first, end_ns))
            return self._run_tasks(first, end_ns)

    def _run_tasks(self, task: int, end_ns: float) -> int:
        last = perf_counter_ns()
        while True:
            task = self._skip(task)
            item = self._begin(task)
            try:
                self.result = self._run_one(item)
                self.job.results.keep(task, self.result)
            except BaseException as error:
                self.job.results.fail(task, error)
            last = self._end(task, last)
            task += 1
            if last >= end_ns or task >= self.job.count or self._ended_early:
                return task

    async def _await_tasks(self, task: int, end_ns: float) -> int:
        last = perf_counter_ns()
        while True:
            task = self._skip(task)
            item = self._begin(task)
            try:
                self.result = await self._await_one(item)
                self.job.results.keep(task, self.result)
            except BaseException as error:
                self.job.results.fail(task, error)
            last = self._end(task, last)
            task += 1
            if last >= end_ns or task >= self.job.count or self._ended_early:
                return task

    def _skip(self, task: int) -> int:
        """Returns the next task that is not to be skipped."""
        numbers = self._numbers
        while numbers[task % len(numbers)] in self._skipped and task < self.job.count - 1:
            task += 1
        return task

    def _begin(self, task: int) -> Any:
        self.job.file.slots[0] = task + 1
        items = self.job.items
        return items[task % len(items)]

    def _end(self, task: int, last: int) -> int:
        now = perf_counter_ns()
        self.job.file.slots[0] = 0
        self.job.file.latency[task] = max(1, now - last)
        self._ended_early = self._is_over is not None and self._is_over((now - last) * 1e-9)
        return now

    def _run_steps(self, value: Any) -> Any:
        for index, (function, _) in enumerate(self._forms):
            before = self._clocks()
            try:
                value = function(value)
            finally:
                self._add(index, before)
        return value

    async def _await_steps(self, value: Any) -> Any:
        for index, (function, awaits) in enumerate(self._forms):
            before = self._clocks()
            try:
                value = await function(value) if awaits else function(value)
            finally:
                self._add(index, before)
        return value

    def _clocks(self) -> tuple[float, float, float]:
        # A single step waits for as long as all of them, which is measured anyway.
        queued = self.queue.seconds() if len(self.wall_s) > 1 else None
        return perf_counter() - self.job.program.waited_s(), process_time(), queued or 0.0

    def _add(self, index: int, before: tuple[float, float, float]) -> None:
        wall, cpu, queued = (now - then for now, then in zip(self._clocks(), before))
        self.wall_s[index] += wall
        self.cpu_s[index] += cpu
        self.queue_s[index] += queued


def _faster_again(job: Job, done: int) -> float | None:
    """Returns the time of the first round over that of the second; None if not all tasks ran twice."""
    count = len(job.items)
    if done < 2 * count:
        return None
    latency = job.file.latency
    first, second = sum(latency[:count]), sum(latency[count : 2 * count])
    return first / second if first >= MIN_FIRST_ROUND_NS else None


def _threads_unknown_to_python() -> int | None:
    """Returns the number of threads such as those of BLAS and OpenMP; None if unknown."""
    threads = resource_usage.native_threads()
    return None if threads is None else max(0, threads - threading.active_count() - count_own())


def _probe_gil(job: Job, steps: StepMeter, done: int) -> JsonObject:
    """Returns the wait for the lock, as a share of the wall time and of the CPU time of the tasks."""
    if done >= job.count:
        return gil_shares(0.0, 0.0, 0.0)
    probe = GilProbe()
    before = process_time()
    probe.start()
    end = steps.run_for(GIL_PROBE_SHARE * job.time_limit_s, done)
    probe.stop()
    used_s = process_time() - before
    for task in range(done, end):
        # These tasks are not part of the profile.
        job.file.latency[task] = 0
    return gil_shares(probe.waited_s, probe.elapsed_s, used_s)
