"""Runs a callable over its items once, with an executor written by hand: nothing of conc is in here.

    CALLABLE=callables/sleeping.py python by_hand.py STRATEGY WIDTH PROCESSES CHUNK

The interpreter is the one under test, 3.9 or later. Prints the seconds for the whole list, the start of the
executor included, the number of tasks that failed, and a hash of the outputs, as JSON.
"""

import asyncio
import hashlib
import importlib
import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, NamedTuple

HERE, NAME = os.path.split(os.path.abspath(os.environ["CALLABLE"]))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
# At the top, as in a program: a process that is not forked imports it again, or has it from its server.
MODULE = importlib.import_module(NAME[:-3])
IS_COROUTINE = inspect.iscoroutinefunction(MODULE.task)
PREPARE_INTERPRETER = f"import sys; sys.dont_write_bytecode = True; sys.path.insert(0, {HERE!r})"


class Failure(NamedTuple):
    """What is kept of a task that raised."""

    error: str


# An event loop for each thread that runs coroutines: one for each task would cost up to 2 ms in many threads.
OWN = threading.local()
LOOPS: list[asyncio.AbstractEventLoop] = []


def call(item: Any) -> Any:
    """Runs one task, on the event loop of this thread if it is a coroutine."""
    try:
        if not IS_COROUTINE:
            return MODULE.task(item)
        if not hasattr(OWN, "loop"):
            OWN.loop = asyncio.new_event_loop()
            LOOPS.append(OWN.loop)
        return OWN.loop.run_until_complete(MODULE.task(item))
    except Exception as error:
        return Failure(repr(error))


async def call_async(item: Any) -> Any:
    """Runs one task on the loop, or in the loop's default pool of threads."""
    try:
        return await (MODULE.task(item) if IS_COROUTINE else asyncio.to_thread(MODULE.task, item))
    except Exception as error:
        return Failure(repr(error))


async def on_loop(items: list[Any], width: int) -> list[Any]:
    """Runs tasks in worker coroutines that share one iterator."""
    outputs: list[Any] = [None] * len(items)
    numbered = iter(enumerate(items))

    async def work(shared: Iterator[tuple[int, Any]]) -> None:
        for index, item in shared:
            outputs[index] = await call_async(item)

    await asyncio.gather(*(work(numbered) for _ in range(width)))
    return outputs


def run_share(share: tuple[list[Any], int]) -> list[Any]:
    """Runs a share of the items on the event loop of a process."""
    items, width = share
    return asyncio.run(on_loop(items, width))


def hybrid(items: list[Any], width: int, processes: int) -> list[Any]:
    """Runs an event loop in each of several processes."""
    shares = [(items[start::processes], max(1, width // processes)) for start in range(processes)]
    outputs: list[Any] = [None] * len(items)
    with ProcessPoolExecutor(processes) as pool:
        for start, share in enumerate(pool.map(run_share, shares)):
            outputs[start::processes] = share
    return outputs


def interpreters(items: list[Any], width: int) -> list[Any]:
    """Runs tasks in interpreters of one process, which cannot see the functions of this file."""
    from concurrent.futures import (  # type: ignore[attr-defined,unused-ignore]
        InterpreterPoolExecutor,
    )

    pool: Executor
    with InterpreterPoolExecutor(width, initializer=exec, initargs=(PREPARE_INTERPRETER,)) as pool:
        futures = [pool.submit(MODULE.task, item) for item in items]
        errors = [future.exception() for future in futures]
        return [
            future.result() if error is None else Failure(repr(error))
            for future, error in zip(futures, errors)
        ]


def run(strategy: str, width: int, processes: int, chunk: int) -> list[Any]:
    """Runs every item and returns the outputs in order."""
    items = list(MODULE.items)
    if strategy == "threads":
        with ThreadPoolExecutor(width) as threads:
            return list(threads.map(call, items))
    if strategy == "processes":
        with ProcessPoolExecutor(width) as pool:
            return list(pool.map(call, items, chunksize=chunk))
    if strategy == "async":
        return asyncio.run(on_loop(items, width))
    if strategy == "hybrid":
        return hybrid(items, width, processes)
    if strategy == "interpreters":
        return interpreters(items, width)
    return [call(item) for item in items]


def main() -> None:
    """Runs and prints."""
    strategy, *numbers = sys.argv[1:]
    begun = time.perf_counter()
    outputs = run(strategy, *map(int, numbers))
    seconds = time.perf_counter() - begun
    for loop in LOOPS:
        loop.close()
    digest = hashlib.sha256()
    for output in outputs:
        digest.update(output if isinstance(output, bytes) else repr(output).encode())
    failed = sum(type(output).__name__ == "Failure" for output in outputs)
    print(json.dumps({"seconds": seconds, "failed": failed, "digest": digest.hexdigest()}))


if __name__ == "__main__":
    main()
