"""Runs chunks of items in a worker process of a cluster.

This file travels to the workers with the rest of the harness; `plugin.py` puts it there.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ..errors import CodedError, describe
from ..program import Program
from ..requests import CallableSpec, JsonObject, ServeRequest, parse_request
from ..serving import failure, shown
from .commands import Commands

if TYPE_CHECKING:
    from ..program import ItemCoroutine

# A chunk that ended: its seconds, and the answer to each item that was run, as JSON.
ChunkResult = tuple[float, list[str]]

# Files whose modules this process has imported, with the time and size that they had.
_imported: dict[str, tuple[int, int]] = {}


class ChunkRunner:
    """The work of one run of conc in one worker process."""

    def __init__(self, work: JsonObject) -> None:
        self._serve: JsonObject | None = work["serve"]
        self._directory: str = work["directory"]
        self._commands = Commands(self._directory)
        self._program: Program | None = None
        self._items: list[Any] | None = None
        self._lock = threading.Lock()
        self._is_stopped = threading.Event()

    def check(self) -> tuple[str, str] | None:
        """Imports the callable; returns the code and the message of a failure."""
        try:
            if self._serve is None:
                self._commands.check()
            else:
                self._loaded()
        except BaseException as error:
            return describe(error)
        return None

    def stop(self, is_now: bool) -> None:
        """Lets no more items begin; `is_now` also kills the commands that run."""
        self._is_stopped.set()
        if is_now:
            self._commands.kill()

    def run(self, chunk: JsonObject) -> ChunkResult:
        """Runs the items of a chunk, `width` at a time, each to its end or to the end of its time."""
        begun = time.perf_counter()
        items: Iterator[tuple[int, Any]] = iter(chunk["items"])
        width, limit_s = chunk["width"], chunk["limit_s"]
        if chunk["awaits"]:
            answers = self._on_loop(items, width, limit_s)
        else:
            answers = self._in_threads(items, width, self._function(limit_s))
        return time.perf_counter() - begun, answers

    def _loaded(self) -> Program:
        with self._lock:
            if self._program is None:
                request = parse_request(self._serve or {})
                assert isinstance(request, ServeRequest), "conc sends the request that serves items"
                forget_changed(request.header.steps)
                program = self._import(request)
                self._items = program.own_items() if request.header.own_items else None
                self._program = program
            return self._program

    def _import(self, request: ServeRequest) -> Program:
        """Imports the modules; those that are named, not given as files, also from the run's directory."""
        if self._directory not in sys.path:
            sys.path.append(self._directory)
        try:
            return Program(request)
        except CodedError as error:
            names = [step.module for step in request.header.steps if step.file is None]
            where = (
                f"\n'{names[0]}' was looked for in '{self._directory}' and on the worker's path"
                if names
                else ""
            )
            raise CodedError(error.code, error.message + where) from None

    def _next(self, items: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Returns the items that begin before the run is stopped; the rest stays in `items`."""
        while not self._is_stopped.is_set():
            with self._lock:
                item = next(items, None)
            if item is None:
                return
            yield item

    def _function(self, limit_s: float | None) -> Callable[[Any], JsonObject]:
        if self._serve is None:
            return lambda item: self._commands.run(item, limit_s)
        call = self._loaded().function()
        own = self._items

        def run(item: Any) -> JsonObject:
            return timed(call, item if own is None else own[item])

        return run if limit_s is None else lambda item: limited(run, item, limit_s)

    def _in_threads(
        self, items: Iterator[tuple[int, Any]], width: int, function: Callable[[Any], JsonObject]
    ) -> list[str]:
        def work(_: int) -> list[str]:
            return [answer(number, function(item)) for number, item in self._next(items)]

        if width == 1:
            return work(0)
        with ThreadPoolExecutor(width) as pool:
            return list(itertools.chain.from_iterable(pool.map(work, range(width))))

    def _on_loop(self, items: Iterator[tuple[int, Any]], width: int, limit_s: float | None) -> list[str]:
        import asyncio

        program = self._loaded()
        call: ItemCoroutine = program.coroutine()
        own = self._items
        answers: list[str] = []

        async def one(item: Any) -> JsonObject:
            started, begun = time.time(), time.perf_counter()
            try:
                waited = asyncio.wait_for(call(item if own is None else own[item]), limit_s)
                outcome = shown(await waited)
            except asyncio.TimeoutError as error:
                is_late = limit_s is not None and time.perf_counter() - begun >= limit_s
                outcome = {"timed_out": True} if is_late else failure(error)
            except BaseException as error:
                outcome = failure(error)
            return {"started": started, "seconds": time.perf_counter() - begun, "cpu_s": None, **outcome}

        async def work() -> None:
            for number, item in self._next(items):
                answers.append(answer(number, await one(item)))

        async def all_of_them() -> float:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(width))
            cpu = time.thread_time()
            await asyncio.gather(*(work() for _ in range(width)))
            return time.thread_time() - cpu

        asyncio.run(all_of_them())
        return answers


def answer(number: int, outcome: JsonObject) -> str:
    """Returns the end of an item as JSON."""
    return json.dumps({"n": number, **outcome})


def timed(call: Callable[[Any], Any], item: Any) -> JsonObject:
    """Calls a function; returns its value or its failure, and what it cost."""
    started, begun, cpu = time.time(), time.perf_counter(), time.thread_time()
    try:
        outcome = shown(call(item))
    except BaseException as error:
        outcome = failure(error)
    used = {"seconds": time.perf_counter() - begun, "cpu_s": time.thread_time() - cpu}
    return {"started": started, **used, **outcome}


def limited(run: Callable[[Any], JsonObject], item: Any, limit_s: float) -> JsonObject:
    """Runs an item on a thread that is left alone at the end of its time: a thread cannot be ended."""
    found: list[JsonObject] = []
    thread = threading.Thread(target=lambda: found.append(run(item)), daemon=True)
    started, begun = time.time(), time.perf_counter()
    thread.start()
    thread.join(limit_s)
    if found:
        return found[0]
    seconds = time.perf_counter() - begun
    return {"started": started, "seconds": seconds, "cpu_s": None, "timed_out": True}


def forget_changed(steps: Iterable[CallableSpec]) -> None:
    """Forgets the modules of files that changed since an earlier run: workers outlive runs."""
    for step in steps:
        if step.file is None:
            continue
        path = os.path.abspath(step.file)
        try:
            found = os.stat(path)
        except OSError as error:
            raise CodedError("E-PYTHON-002", f"'{path}' is not there: {error.strerror}") from None
        version = (found.st_mtime_ns, found.st_size)
        if _imported.setdefault(path, version) != version:
            for name, module in list(sys.modules.items()):
                if getattr(module, "__file__", None) == path:
                    del sys.modules[name]
        _imported[path] = version
