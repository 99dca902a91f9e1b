"""The steps of a task combined, once as a function and once as a coroutine."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from .callables import AnyCallable, Step, load_module, load_steps, own_items
from .errors import TaskTimeout
from .requests import BatchRequest, ServeRequest, TaskRequest

if TYPE_CHECKING:
    from .attempts import TokenBucket

ItemFunction = Callable[[Any], Any]
ItemCoroutine = Callable[[Any], Awaitable[Any]]

# How a step runs in a coroutine.
AWAIT, CALL, THREAD = "await", "call", "thread"


class Program:
    """The code of a task, and the items."""

    def __init__(self, request: TaskRequest) -> None:
        self.steps = load_steps(request.header.steps)
        self.timeout_s = request.limits.timeout_s
        cpu_steps = request.cpu_steps if isinstance(request, BatchRequest) else None
        # True for steps that compute rather than wait.
        self.computes = list(cpu_steps) if cpu_steps else [False] * len(self.steps)
        self._bucket: TokenBucket | None = None
        self._process = os.getpid()
        self._request = request
        self._loops = threading.local()
        if request.limits.retry or request.limits.rate:
            self._limit_attempts()

    def _limit_attempts(self) -> None:
        from .attempts import TokenBucket, limit_step

        limits = self._request.limits
        if limits.rate:
            self._bucket = TokenBucket(limits.rate.bucket_file, limits.rate.per_s)
        for index, step in enumerate(self.steps):
            is_limited = limits.rate is not None and limits.rate.limited_steps[index]
            limit_step(step, index, limits, self._bucket if is_limited else None)

    def waited_s(self) -> float:
        """Returns the seconds that tasks of this process waited because of `rate_per_s`."""
        return self._bucket.waited_s if self._bucket else 0.0

    def items(self) -> list[Any]:
        """Returns the items of the tasks, in the order in which the tasks run."""
        assert not isinstance(self._request, ServeRequest), "its items come one by one"
        tasks = self._request.tasks
        header = self._request.header
        if header.own_items:
            found = own_items(load_module(header.steps[0]), header.most_items) or [None]
            return [found[number % len(found)] for number in tasks.numbers]
        return cast("list[Any]", tasks.numbers) if tasks.items is None else tasks.items

    def own_items(self) -> list[Any]:
        """Returns the items that the module provides."""
        header = self._request.header
        return list(own_items(load_module(header.steps[0]), header.most_items) or [None])

    def needs_loop(self) -> bool:
        """Tells whether some step has only an async form."""
        return any(step.blocking is None for step in self.steps)

    def has_coroutine(self) -> bool:
        """Tells whether some step has an async form."""
        return any(step.coroutine is not None for step in self.steps)

    def function(self, first: int = 0, end: int | None = None) -> ItemFunction:
        """Returns steps `first` to `end` as a function of the item that any thread may call."""
        steps = self.steps[first:end]
        if any(step.blocking is None for step in steps):
            return self._on_own_loop(self._awaiting(steps))
        functions = [item_function(step.any_form(), step.takes_item) for step in steps]
        if len(functions) == 1:
            return functions[0]

        def run(value: Any) -> Any:
            for function in functions:
                value = function(value)
            return value

        return run

    def coroutine(self, first: int = 0, end: int | None = None) -> ItemCoroutine:
        """Returns steps `first` to `end` as a coroutine function of the item, for an event loop.

        If no step has an async form, all run in one call on a thread. Otherwise blocking steps that wait
        run on a thread; those that compute run on the loop, because a thread would not make them faster.
        """
        steps = self.steps[first:end]
        if any(step.coroutine for step in steps):
            return self.limited(self._awaiting(steps, self.computes[first:end]))
        return self.in_thread(first, end)

    def in_thread(self, first: int, end: int | None) -> ItemCoroutine:
        """Returns steps `first` to `end` as a coroutine function that runs them in one call on a thread."""
        import asyncio

        function = self._for_thread(self.function(first, end))

        async def run(value: Any) -> Any:
            return await asyncio.to_thread(function, value)

        return self.limited(run)

    def inline_coroutine(self) -> ItemCoroutine:
        """Returns all steps as a coroutine function that uses no threads, for one task at a time."""
        return self.limited(self._awaiting(self.steps))

    def _awaiting(self, steps: Sequence[Step], computes: Sequence[bool] | None = None) -> ItemCoroutine:
        """Returns the steps as one coroutine function.

        Blocking steps that wait go to a thread if `computes` is given; without it every step is inline.
        """
        import asyncio

        if len(steps) == 1 and steps[0].coroutine is not None:
            return item_function(steps[0].coroutine, steps[0].takes_item)
        forms: list[tuple[ItemFunction, str]] = []
        for index, step in enumerate(steps):
            if step.coroutine is not None:
                forms.append((item_function(step.coroutine, step.takes_item), AWAIT))
                continue
            how = CALL if computes is None or computes[index] else THREAD
            function = item_function(step.any_form(), step.takes_item)
            forms.append((self._for_thread(function) if how == THREAD else function, how))

        async def run(value: Any) -> Any:
            for function, how in forms:
                if how == AWAIT:
                    value = await function(value)
                elif how == CALL:
                    value = function(value)
                else:
                    value = await asyncio.to_thread(function, value)
            return value

        return run

    def _for_thread(self, function: ItemFunction) -> ItemFunction:
        """Returns the function for a thread; if it forks, the child ends when the function returns."""
        own = self._process

        def run(value: Any) -> Any:
            try:
                return function(value)
            finally:
                if os.getpid() != own:
                    os._exit(0)

        return run

    def limited(self, coroutine: ItemCoroutine) -> ItemCoroutine:
        """Returns the coroutine function with the timeout of the workload, if there is one."""
        timeout_s = self.timeout_s
        if timeout_s is None:
            return coroutine

        import asyncio

        async def run(value: Any) -> Any:
            try:
                return await asyncio.wait_for(coroutine(value), timeout_s)
            except asyncio.TimeoutError:
                raise TaskTimeout() from None

        return run

    def _on_own_loop(self, coroutine: ItemCoroutine) -> ItemFunction:
        """Returns a function that runs the coroutine on an event loop that the calling thread keeps."""
        import asyncio

        loops = self._loops
        limited = self.limited(coroutine)

        def run(value: Any) -> Any:
            loop = getattr(loops, "loop", None)
            if loop is None:
                loop = loops.loop = asyncio.new_event_loop()
                asyncio.set_event_loop(loop)
            return loop.run_until_complete(limited(value))

        return run

    def on_main_thread(self, function: ItemFunction | None = None) -> ItemFunction:
        """Returns a function, by default of all steps, with an alarm that interrupts it at the timeout."""
        function = function or self.function()
        timeout_s = self.timeout_s
        if timeout_s is None or self.needs_loop() or not hasattr(signal, "pthread_kill"):
            return function
        from .alarm import Alarm

        unlimited, alarm = function, Alarm(timeout_s)
        alarm.start()
        return lambda value: alarm.call(unlimited, value)


def item_function(function: AnyCallable, takes_item: bool) -> ItemFunction:
    """Returns the callable as a function of the item, also if it has no parameter for it."""
    return function if takes_item else lambda _item: function()
