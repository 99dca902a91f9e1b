"""An `InterpreterPoolExecutor`: threads of one process, each with its own interpreter and lock.

An interpreter does not see what another one changed after it started, `sys.path` included, and not every
module can be loaded by more than one. So each interpreter loads as little as possible.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from concurrent.futures import BrokenExecutor, Future, wait
from dataclasses import asdict
from typing import Any

from . import interpreter_worker, processes
from .chunk_outcome import PackedOutcome
from .errors import DIED, CodedError, describe
from .ipc_stats import IpcStats
from .job import Job
from .pool import Death, RunChunk
from .primitives import select

# Seconds between checks whether an interpreter failed before it could report.
POLL_S = 0.2

# The first code that a fresh interpreter runs. It reports in every case.
PREPARE = """
import json, os, sys
request, number, report, resume, path = arguments
failure = ["E-POOL-001", "the interpreter could not be prepared"]
try:
    sys.path.extend(part for part in path if part not in sys.path)
    from conc_harness import interpreter_worker
    failure = interpreter_worker.prepare(json.loads(request), number)
except BaseException as error:
    failure = ["E-POOL-001", f"{type(error).__name__}: {error}"]
finally:
    os.write(report, json.dumps(failure).encode() + b"\\n")
    os.read(resume, 1)
"""


def run(job: Job) -> None:
    """Runs the tasks in `width` interpreters."""
    processes.run(job, InterpreterPool)


class InterpreterPool:
    """Interpreters for one batch."""

    run_chunk = staticmethod(interpreter_worker.run_chunk)

    def __init__(self, job: Job, workers: int) -> None:
        self.workers = workers
        self.ipc = job.ipc = IpcStats(workers)
        # Typed as Any: only Python 3.14 has it.
        futures: Any = importlib.import_module("concurrent.futures")
        self.executor = futures.InterpreterPoolExecutor(workers)
        for failure in self._prepare(json.dumps(asdict(job.request))):
            if failure:
                raise CodedError(*failure)

    def _prepare(self, request: str) -> list[list[str] | None]:
        """Prepares every interpreter and returns the failure of each, or None."""
        reports, report = os.pipe()
        resume, release = os.pipe()
        prepared: list[Future[None]] = []
        try:
            for number in range(self.workers):
                arguments = {"arguments": (request, number, report, resume, sys.path)}
                prepared.append(self.executor.submit(exec, PREPARE, arguments))
            return _read_reports(reports, prepared)
        finally:
            # Nobody continues before all have started, so that each interpreter gets one number.
            os.write(release, b"x" * self.workers)
            wait(prepared)
            for descriptor in (reports, report, resume, release):
                os.close(descriptor)

    def submit(self, function: RunChunk, *arguments: Any) -> Future[PackedOutcome]:
        """Sends one message."""
        future: Future[PackedOutcome] = self.executor.submit(function, *arguments)
        self.ipc.record_sent()
        return future

    def receive(self, future: Future[PackedOutcome], tasks: int) -> PackedOutcome:
        """Returns the answer to a message; raises BrokenExecutor if the interpreter failed."""
        try:
            outcome = future.result()
        except BrokenExecutor:
            raise
        except BaseException as error:
            # A chunk returns the exceptions of its tasks, so this one concerns the message itself.
            code, message = describe(error)
            raise BrokenExecutor(f"an interpreter failed: {code}: {message}") from None
        self.ipc.record_answer(tasks, outcome.worked_ns)
        return outcome

    def reopen(self) -> list[Death]:
        """Gives up: an interpreter ends with its process or not at all."""
        raise CodedError(DIED, "an interpreter could not run its tasks")

    def close(self) -> None:
        """Ends all interpreters; what they used is part of the account of this process."""
        self.executor.shutdown(wait=True)


def _read_reports(reports: int, prepared: list[Future[None]]) -> list[list[str] | None]:
    """Returns the report of every interpreter."""
    lines = b""
    while lines.count(b"\n") < len(prepared):
        readable, _, _ = select([reports], [], [], POLL_S)
        if readable:
            lines += os.read(reports, 1 << 16)
            continue
        for future in prepared:
            if future.done():
                future.result()
    return [json.loads(line) for line in lines.splitlines()]
