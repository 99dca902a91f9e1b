"""The steps of a task put together, once as a function and once as a coroutine."""

import os
import signal
import threading

from .errors import TaskTimeout
from .load import load_module, load_steps, own_items


class Program:
    """What a task does, and the items."""

    def __init__(self, order):
        self.steps = load_steps(order["steps"])
        self.timeout = order.get("timeout_s")
        self.computes = order.get("cpu_steps") or [False] * len(self.steps)
        self.bucket = None
        self._process = os.getpid()
        self._order = order
        self._loops = threading.local()
        if order.get("retry") or order.get("rate"):
            self._limit_attempts(order)

    def _limit_attempts(self, order):
        from .attempts import Bucket, limited

        rate = order.get("rate")
        if rate:
            self.bucket = Bucket(rate["bucket"], rate["per_s"])
        for index, step in enumerate(self.steps):
            limited(step, index, order, self.bucket if rate and rate["steps"][index] else None)

    def waited_s(self):
        """Seconds that tasks of this process waited because of `rate_per_s`."""
        return self.bucket.waited_s if self.bucket else 0.0

    def items(self):
        """The items of the tasks, in the order in which they are taken."""
        numbers = self._order["numbers"]
        if self._order.get("own_items"):
            found = own_items(load_module(self._order["steps"][0])) or [None]
            return [found[number % len(found)] for number in numbers]
        return numbers if self._order.get("items") is None else self._order["items"]

    def needs_loop(self):
        """Whether some step can only be awaited."""
        return any(step.blocking is None for step in self.steps)

    def has_coroutine(self):
        """Whether some step can be awaited."""
        return any(step.coroutine is not None for step in self.steps)

    def function(self, first=0, end=None):
        """Steps `first` to `end` as a function of the item, for any thread."""
        steps = self.steps[first:end]
        if any(step.blocking is None for step in steps):
            return self._on_own_loop(self._awaiting(steps))
        functions = [with_value(step.blocking, step.takes_value) for step in steps]
        if len(functions) == 1:
            return functions[0]

        def run(value):
            for function in functions:
                value = function(value)
            return value

        return run

    def coroutine(self, first=0, end=None):
        """Steps `first` to `end` as a coroutine function of the item, for an event loop.

        What has no async form goes to a thread: as a whole where nothing has one, and else unless it
        computes, which no thread would make quicker.
        """
        steps = self.steps[first:end]
        if any(step.coroutine for step in steps):
            return self.limited(self._awaiting(steps, self.computes[first:end]))
        import asyncio

        function = self._in_thread(self.function(first, end))

        async def run(value):
            return await asyncio.to_thread(function, value)

        return self.limited(run)

    def inline_coroutine(self):
        """All steps as a coroutine that does nothing beside: for one task after another."""
        return self.limited(self._awaiting(self.steps))

    def _awaiting(self, steps, computes=None):
        """The steps as one coroutine; where `computes` is given, blocking ones that wait go to a thread."""
        import asyncio

        if len(steps) == 1 and steps[0].coroutine is not None:
            return with_value(steps[0].coroutine, steps[0].takes_value)
        forms = []
        for k, step in enumerate(steps):
            if step.coroutine is not None:
                forms.append((with_value(step.coroutine, step.takes_value), "await"))
            else:
                how = "call" if computes is None or computes[k] else "thread"
                function = with_value(step.blocking, step.takes_value)
                forms.append((self._in_thread(function) if how == "thread" else function, how))

        async def run(value):
            for function, how in forms:
                if how == "await":
                    value = await function(value)
                elif how == "call":
                    value = function(value)
                else:
                    value = await asyncio.to_thread(function, value)
            return value

        return run

    def _in_thread(self, function):
        """The function, as one for a thread that is nothing else in a process which it has forked."""
        own = self._process

        def run(value):
            try:
                return function(value)
            finally:
                if os.getpid() != own:
                    os._exit(0)

        return run

    def limited(self, coroutine):
        """The coroutine function with the timeout of the workload, if it has one."""
        timeout = self.timeout
        if timeout is None:
            return coroutine

        import asyncio

        async def run(value):
            try:
                return await asyncio.wait_for(coroutine(value), timeout)
            except asyncio.TimeoutError:
                raise TaskTimeout() from None

        return run

    def _on_own_loop(self, coroutine):
        """Runs the coroutine on an event loop that the calling thread keeps."""
        import asyncio

        loops = self._loops
        limited = self.limited(coroutine)

        def run(value):
            loop = getattr(loops, "loop", None)
            if loop is None:
                loop = loops.loop = asyncio.new_event_loop()
                asyncio.set_event_loop(loop)
            return loop.run_until_complete(limited(value))

        return run

    def on_main_thread(self, function=None):
        """A function of the item, by default all steps, with an alarm that ends what takes too long."""
        function = function or self.function()
        timeout = self.timeout
        if timeout is None or self.needs_loop() or not hasattr(signal, "setitimer"):
            return function

        def ring(*_):
            raise TaskTimeout()

        signal.signal(signal.SIGALRM, ring)

        def run(value):
            signal.setitimer(signal.ITIMER_REAL, timeout)
            try:
                return function(value)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)

        return run


def with_value(function, takes_value):
    """The callable as one of the item, which it may have no place for."""
    return function if takes_value else lambda _value: function()
