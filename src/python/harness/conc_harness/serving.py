"""Runs items one by one, as `conc run` sends them, until no more come.

A message is `{"n": 7, "item": "a"}`; its answer is an event `result` with the same number. `{"cancel": 7}`
gives up on a task that is awaited. One process serves any number of items at a time: on an event loop, in
threads, or one after another on its main thread.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from .errors import RAISED, describe
from .loop_time import LoopTime
from .program import ItemFunction, Program
from .requests import JsonObject, ServeRequest
from .text import representation_of

if TYPE_CHECKING:
    import asyncio

    from .protocol import MessageChannel

# More threads than any width; a pool starts no more than it needs.
MAX_THREADS = 100_000

# The longest value that is recorded, as JSON: it passes through the memory of two processes.
MAX_VALUE_CHARACTERS = 128 << 20

# Items of a loop of which it is measured for how long they hold it: conc decides by the first ones.
TIMED_ITEMS = 8

# A pause that a server asks for is cut to this.
MAX_PAUSE_S = 3600.0


class ItemServer:
    """Runs the items of one process."""

    def __init__(self, request: ServeRequest, channel: MessageChannel) -> None:
        self.request = request
        self.channel = channel
        self.program = Program(request)
        self.items = self.program.own_items() if request.header.own_items else None
        self._lock = threading.Lock()

    def run(self) -> None:
        """Runs items until conc closes the channel."""
        how = {"async": self._on_loop, "threads": self._in_threads}
        self.channel.send("ready", items=None if self.items is None else len(self.items))
        how.get(self.request.strategy, self._one_by_one)()

    def _item(self, message: JsonObject) -> Any:
        item = message["item"]
        return item if self.items is None else self.items[item]

    def _one_by_one(self) -> None:
        call = self.program.function()
        for message in self.channel.messages():
            self._call(call, message)

    def _in_threads(self) -> None:
        call = self.program.function()
        with ThreadPoolExecutor(MAX_THREADS) as pool:
            for message in self.channel.messages():
                pool.submit(self._call, call, message)

    def _call(self, call: ItemFunction, message: JsonObject) -> None:
        begun, cpu = time.perf_counter(), time.thread_time()
        try:
            outcome = {"value": call(self._item(message))}
        except BaseException as error:
            outcome = failure(error)
        used = time.thread_time() - cpu
        self._answer(message["n"], outcome, time.perf_counter() - begun, cpu_s=used)

    def _on_loop(self) -> None:
        import asyncio

        asyncio.run(self._loop(asyncio))

    async def _loop(self, asyncio: Any) -> None:
        loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(MAX_THREADS))
        call = self.program.coroutine()
        tasks: dict[int, Any] = {}
        ended = asyncio.Event()
        to_time = TIMED_ITEMS

        async def run(message: JsonObject) -> None:
            nonlocal to_time
            timed: LoopTime | None = None
            begun = time.perf_counter()
            try:
                awaitable = call(self._item(message))
                if to_time > 0:
                    to_time -= 1
                    awaitable = timed = LoopTime(awaitable)
                outcome = {"value": await awaitable}
            except BaseException as error:
                outcome = failure(error)
            tasks.pop(message["n"], None)
            seconds = time.perf_counter() - begun
            self._answer(message["n"], outcome, seconds, held_s=timed.held_s if timed else None)

        def close(number: int) -> None:
            # A task that is cancelled before its first step never enters `run`.
            if tasks.pop(number, None) is not None:
                self._answer(number, failure(asyncio.CancelledError()), 0.0)

        def take(message: JsonObject) -> None:
            if "cancel" in message:
                task = tasks.get(message["cancel"])
                if task is not None:
                    task.cancel()
            else:
                number = message["n"]
                tasks[number] = asyncio.ensure_future(run(message))
                tasks[number].add_done_callback(lambda _: close(number))

        def read() -> None:
            for message in self.channel.messages():
                loop.call_soon_threadsafe(take, message)
            loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=read, daemon=True).start()
        await ended.wait()
        await asyncio.gather(*tasks.values(), return_exceptions=True)

    def _answer(
        self,
        number: int,
        outcome: JsonObject,
        seconds: float,
        *,
        cpu_s: float | None = None,
        held_s: float | None = None,
    ) -> None:
        if "value" in outcome:
            outcome = shown(outcome["value"])
        with self._lock:
            self.channel.send("result", n=number, seconds=seconds, cpu_s=cpu_s, held_s=held_s, **outcome)


def shown(value: Any) -> JsonObject:
    """Returns a value for an answer: as it is if JSON has it, else as Python writes it."""
    try:
        text = json.dumps(value, allow_nan=False)
    except Exception:
        value = text = representation_of(value)
        shown = {"repr": value}
    else:
        shown = {"value": value}
    if len(text) > MAX_VALUE_CHARACTERS:
        return {
            "code": RAISED,
            "message": f"it returned {len(text)} characters, and {MAX_VALUE_CHARACTERS} are recorded",
        }
    return shown


def failure(error: BaseException) -> JsonObject:
    """Returns an exception for an answer, with the pause that a server has asked for."""
    code, message = describe(error)
    return {"code": code, "message": message, "retry_after_s": retry_after_s(error)}


def retry_after_s(error: BaseException) -> float | None:
    """Returns the seconds of the `Retry-After` header of the response in an exception, if it has one."""
    for holder in _responses(error):
        headers: Any = getattr(holder, "headers", None)
        value = headers.get("Retry-After") if hasattr(headers, "get") else None
        if value is None:
            continue
        seconds = _seconds(str(value))
        if seconds is not None:
            return min(max(0.0, seconds), MAX_PAUSE_S)
    return None


def _responses(error: BaseException) -> Iterator[object]:
    yield error
    response = getattr(error, "response", None)
    if response is not None:
        yield response


def _seconds(value: str) -> float | None:
    if value.strip().isdigit():
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    except (TypeError, ValueError):
        return None
