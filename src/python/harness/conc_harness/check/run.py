"""The stages of a check: tasks alone and untouched, alone and traced, and all together."""

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time

from . import leaks
from ..errors import EXHAUSTED
from ..program import Program
from .faults import Faults, shown
from .observer import Observer
from .record import Record

# What is still there after the tasks may take this long to end.
ENDING_S = 5.0

# Tasks that all together take no longer than this are all traced.
QUICK_S = 2.0

# Remembering where every object was made makes a program slower, at the most by this much.
TRACING = 10.0


class Check:
    """A few tasks, and what was found about them."""

    def __init__(self, order, on_hang, on_task):
        self.program = Program(order)
        self.items = list(self.program.items())
        self.left_threads = False
        self._process = os.getpid()
        self._patience_s = order["patience_s"]
        self._record = Record()
        self._faults = Faults(self._record)
        self._observer = Observer(self._hung)
        self._on_hang = on_hang
        self._on_task = on_task
        self._unplaced = []
        self._forms = []

    def run(self):
        """Runs all stages, and gives what was seen."""
        before = threading.enumerate()
        threading.excepthook = self._faults.in_thread
        sys.unraisablehook = self._faults.unraisable
        self._observer.start()
        if not self.program.needs_loop():
            self._check_blocking()
        if self.program.has_coroutine():
            self._check_async()
        self._observer.end()
        self.left_threads = leaks.look_for_what_is_left(before, self._record)
        self._observer.stop()
        return self._report()

    def _report(self, hang=None):
        return {
            "tasks": len(self.items),
            "has_gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
            "forms": self._forms,
            "findings": self._record.findings(),
            "hang": hang,
        }

    def _hung(self, hang):
        if hang["stage"] == "tracing":
            # It is too slow to be traced; that is no fault of its own.
            for text in self._unplaced:
                self._record.add("resources", EXHAUSTED, text)
            hang = None
        self._on_hang(self._report(hang))

    def _begin(self, stage, item=None, patience_s=None):
        self._on_task(item)
        self._observer.begin(stage, patience_s or self._patience_s, item)

    # Stages.

    def _begin_alone(self, name):
        form = {"form": name, "wall_s": 0.0, "cpu_s": 0.0, "gil": None, "stalls": []}
        self._forms.append(form)
        self._observer.forget()
        self._begun = perf_counter(), process_time()

    def _end_alone(self):
        """Tells what the tasks cost where nothing but the observer was beside them."""
        wall, cpu = perf_counter() - self._begun[0], process_time() - self._begun[1]
        count = max(1, len(self.items))
        seen = {"gil": self._observer.gil(), "stalls": self._observer.stalls()}
        self._forms[-1].update(wall_s=wall / count, cpu_s=cpu / count, **seen)
        self._observer.forget()
        # What takes long is traced with fewer tasks.
        self._few = self.items if wall < QUICK_S else self.items[:2]

    def _traced(self, run):
        """Runs tasks while the interpreter warns of everything; anew, and slower, to find the places."""
        self._stage, self._traced_s = "traced", self._patience_s
        with leaks.Warned(self._record) as warned:
            run(warned)
        if warned.unplaced:
            self._stage, self._traced_s = "tracing", TRACING * self._patience_s
            self._unplaced, self._few = warned.unplaced, self._few[:2]
            with leaks.Warned(self._record, is_tracing=True) as warned:
                run(warned)
            self._unplaced = []

    # Tasks that block.

    def _check_blocking(self):
        self._call = self.program.function()
        self._begin_alone("blocking")
        for item in self.items:
            self._block("alone", item)
        self._end_alone()
        self._traced(self._block_traced)
        self._begin("together")
        with leaks.Warned(self._record), ThreadPoolExecutor(max(1, len(self.items))) as pool:
            list(pool.map(self._attempt, self.items))

    def _block_traced(self, warned):
        descriptors = leaks.Descriptors()
        for item in self._few:
            warned.item = shown(item)
            self._block(self._stage, item, self._traced_s)
            warned.collect()
            descriptors.count()
        descriptors.judge(self._record, warned.openings)

    def _block(self, stage, item, patience_s=None):
        self._begin(stage, shown(item), patience_s)
        self._attempt(item)

    def _attempt(self, item):
        try:
            result = self._call(item)
        except BaseException as error:
            self._end_if_forked()
            self._faults.raised(error, [item])
        else:
            self._end_if_forked()
            self._faults.returned(result, item)

    def _end_if_forked(self):
        """A process that a task has forked must not come back from it, to go on with the other tasks."""
        if os.getpid() != self._process:
            os._exit(0)

    # Tasks that are awaited.

    def _check_async(self):
        self._call = self.program.inline_coroutine()
        self._begin_alone("async")
        self._run_loop(self._await_alone(), debug=False)
        self._end_alone()
        self._traced(lambda warned: self._run_loop(self._await_traced(warned), debug=True))
        with leaks.Warned(self._record):
            self._run_loop(self._await_together(), debug=True)

    def _run_loop(self, coroutine, debug):
        """Runs a coroutine on a loop of its own."""
        self._cancelled = []
        try:
            asyncio.run(coroutine, debug=debug)
        except BaseException as error:
            # Such as SystemExit in a task of the user's: it ends the loop, and the others with it.
            self._faults.raised(error, [])
        else:
            for error, item in self._cancelled:
                self._faults.raised(error, [item])

    async def _await_alone(self):
        self._observer.watch_loop(self._settle())
        for item in self.items:
            self._begin("alone", shown(item))
            await self._attempt_async(item)
        self._observer.leave_loop()
        self._begin("ending", patience_s=ENDING_S)

    async def _await_traced(self, warned):
        self._settle()
        left, descriptors = [], leaks.Descriptors()
        for item in self._few:
            warned.item = shown(item)
            self._begin(self._stage, warned.item, self._traced_s)
            known = asyncio.all_tasks()
            await self._attempt_async(item)
            left.append(await _started_since(known))
            warned.collect()
            descriptors.count()
        # What the first item alone leaves serves all of them; what each leaves is forgotten.
        if sum(map(bool, left)) >= min(2, len(left)):
            self._faults.left_over(task for tasks in left for task in tasks)
        descriptors.judge(self._record, warned.openings)
        self._begin("ending", patience_s=ENDING_S)

    async def _await_together(self):
        self._settle()
        self._begin("together")
        await asyncio.gather(*map(self._attempt_async, self.items))
        self._begin("ending", patience_s=ENDING_S)

    def _settle(self):
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = float("inf")
        loop.set_exception_handler(self._faults.lost)
        return loop

    async def _attempt_async(self, item):
        try:
            result = await self._call(item)
            self._end_if_forked()
        except GeneratorExit:
            raise
        except asyncio.CancelledError as error:
            # It may be the loop that ends; that is known when it has.
            self._cancelled.append((error, item))
        except BaseException as error:
            self._faults.raised(error, [item])
        else:
            self._faults.returned(result, item)


async def _started_since(known):
    """The tasks that were started since, and still run after a moment in which they could end."""
    for _ in range(3):
        await asyncio.sleep(0)
    return [task for task in asyncio.all_tasks() - known if task is not asyncio.current_task()]
