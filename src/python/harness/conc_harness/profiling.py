"""Runs tasks one after another and takes exact account of what they cost."""

import threading
from time import perf_counter, perf_counter_ns, process_time

from . import usage
from .knocker import Knocker
from .program import with_value

# The lock is knocked at for this share of the time, after what is measured.
KNOCKING = 0.3

# A first round that took less than this says little beside what every interpreter does once.
LEAST_FIRST_NS = 20_000_000

# Less CPU time than this share of the time says nothing about who holds the lock.
LEAST_CPU = 0.05


def run(job):
    """The profile of the tasks of a job."""
    asked = perf_counter_ns()
    steps = Steps(job)
    children, queued = usage.cpu_of_children(), steps.queue.seconds()
    job.started(asked)
    done = steps.run_for(job.time_limit, 0)
    job.ended()
    # What the workload's rate makes tasks wait is not what they cost.
    job.wall_s -= job.program.waited_s()
    after = steps.queue.seconds()
    profile = {
        "tasks": done,
        "steps_s": list(steps.wall),
        "steps_cpu_s": list(steps.cpu),
        "steps_queue_s": list(steps.queued),
        "children_cpu": usage.less(usage.cpu_of_children(), children),
        "runqueue_s": None if after is None else after - queued,
        "native_threads": _native_threads(),
        "faster_again": _faster_again(job, done),
    }
    profile.update(job.report())
    profile["peak_rss_bytes"] += usage.peak_rss_of_children()
    profile.update(_lock(job, steps, done))
    steps.close()
    return profile


class Steps:
    """Runs tasks step by step and adds up what each step took; coroutines run on one event loop."""

    def __init__(self, job):
        program = job.program
        self.job = job
        self.wall = [0.0] * len(program.steps)
        self.cpu = [0.0] * len(program.steps)
        self.queued = [0.0] * len(program.steps)
        self.queue = usage.RunQueue()
        self.loop = None
        if program.needs_loop():
            import asyncio

            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        self.skip = frozenset(job.order["skip"])
        if self.loop:
            self._await_one = program.limited(self._await_steps)
        else:
            self._run_one = program.on_main_thread(self._run_steps)
        self.forms = [
            (
                with_value(step.blocking or step.coroutine, step.takes_value),
                step.blocking is None,
            )
            for step in program.steps
        ]

    def close(self):
        """Ends the event loop."""
        if self.loop:
            self.loop.close()

    def run_for(self, seconds, first):
        """Runs tasks from `first` on until the time is over; the one that would be next."""
        end = perf_counter_ns() + seconds * 1e9
        with self.job.board:
            if self.loop:
                return self.loop.run_until_complete(self._await_tasks(first, end))
            return self._run_tasks(first, end)

    def _run_tasks(self, i, end):
        last = perf_counter_ns()
        while True:
            i = self._to_run(i)
            item = self._next(i)
            try:
                self.job.results.keep(i, self._run_one(item))
            except BaseException as error:
                self.job.results.fail(i, error)
            last = self._done(i, last)
            i += 1
            if last >= end or i >= self.job.count:
                return i

    async def _await_tasks(self, i, end):
        last = perf_counter_ns()
        while True:
            i = self._to_run(i)
            item = self._next(i)
            try:
                self.job.results.keep(i, await self._await_one(item))
            except BaseException as error:
                self.job.results.fail(i, error)
            last = self._done(i, last)
            i += 1
            if last >= end or i >= self.job.count:
                return i

    def _to_run(self, i):
        """The next task whose item is not one to be left out."""
        numbers = self.job.order["numbers"]
        while numbers[i % len(numbers)] in self.skip and i < self.job.count - 1:
            i += 1
        return i

    def _next(self, i):
        self.job.board.slots[0] = i + 1
        items = self.job.items
        return items[i % len(items)]

    def _done(self, i, last):
        now = perf_counter_ns()
        self.job.board.slots[0] = 0
        self.job.board.latency[i] = max(1, now - last)
        return now

    def _run_steps(self, value):
        for k, (function, _) in enumerate(self.forms):
            before = self._clocks()
            try:
                value = function(value)
            finally:
                self._add(k, before)
        return value

    async def _await_steps(self, value):
        for k, (function, awaits) in enumerate(self.forms):
            before = self._clocks()
            try:
                value = await function(value) if awaits else function(value)
            finally:
                self._add(k, before)
        return value

    def _clocks(self):
        # Where there is one step its share of the queue is that of the whole, which is known.
        queued = self.queue.seconds() if len(self.wall) > 1 else None
        return perf_counter() - self.job.program.waited_s(), process_time(), queued or 0.0

    def _add(self, k, before):
        wall, cpu, queued = (now - then for now, then in zip(self._clocks(), before))
        self.wall[k] += wall
        self.cpu[k] += cpu
        self.queued[k] += queued


def _faster_again(job, done):
    """How many times as long tasks took the first time; None where they were not all run twice."""
    count = len(job.items)
    if done < 2 * count:
        return None
    latency = job.board.latency
    first, second = sum(latency[:count]), sum(latency[count : 2 * count])
    return first / second if first >= LEAST_FIRST_NS else None


def _native_threads():
    """Threads that Python knows nothing of, as of BLAS and OpenMP; None if the system does not tell."""
    threads = usage.threads()
    return None if threads is None else max(0, threads - threading.active_count())


def _lock(job, steps, done):
    """How much others wait for the lock: as a share of the time, and of the CPU time of the tasks."""
    if done >= job.count:
        return {"gil_wanted": None, "gil_held": None}
    knocker = Knocker()
    before = process_time()
    knocker.start()
    end = steps.run_for(KNOCKING * job.time_limit, done)
    knocker.over = True
    knocker.join()
    used = process_time() - before
    for i in range(done, end):
        # They are no part of the profile.
        job.board.latency[i] = 0
    elapsed, waited = knocker.elapsed_s, knocker.waited_s
    return {
        "gil_wanted": waited / elapsed if elapsed else None,
        # Where tasks hardly compute there is nothing to hold the lock for.
        "gil_held": min(1.0, waited / used) if used > LEAST_CPU * elapsed else None,
    }
