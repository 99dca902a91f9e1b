"""An `InterpreterPoolExecutor`: threads of one process, each with an interpreter and a lock of its own.

An interpreter knows nothing of what was changed in another one since it started, `sys.path` included,
and not every module can be loaded by more than one. So it is given as little as possible.
"""

import json
import os
import select
import sys
from concurrent.futures import BrokenExecutor, wait

from . import interpreter_worker, processes
from .errors import DIED, Failure, describe
from .traffic import Traffic

# Looked at this often, whether an interpreter could not even be made.
LOOK_S = 0.2

# What a fresh interpreter runs first. It always says something in the end.
FIRST = """
import json, os, sys
order, number, said, go, path = arguments
refusal = ["E-POOL-001", "the interpreter could not be prepared"]
try:
    sys.path.extend(part for part in path if part not in sys.path)
    from conc_harness import interpreter_worker
    refusal = interpreter_worker.prepare(json.loads(order), number)
except BaseException as error:
    refusal = ["E-POOL-001", "%s: %s" % (type(error).__name__, error)]
finally:
    os.write(said, json.dumps(refusal).encode() + b"\\n")
    os.read(go, 1)
"""


def run(job):
    """Runs the tasks in `width` interpreters."""
    processes.run(job, Pool)


class Pool:
    """Interpreters for one batch."""

    run_chunk = staticmethod(interpreter_worker.run_chunk)

    def __init__(self, job, workers):
        from concurrent.futures import InterpreterPoolExecutor

        self.workers = workers
        self.traffic = job.traffic = Traffic(workers)
        self.executor = InterpreterPoolExecutor(workers)
        said, say = os.pipe()
        wait_for, go = os.pipe()
        try:
            first = [
                self.executor.submit(exec, FIRST, {"arguments": (json.dumps(job.order), k, say, wait_for, sys.path)})
                for k in range(workers)
            ]
            refusals = _hear(said, first)
        finally:
            # None of them goes on before all have started, so that each has one number.
            os.write(go, b"x" * workers)
            wait(first)
            for descriptor in (said, say, wait_for, go):
                os.close(descriptor)
        for refusal in refusals:
            if refusal:
                raise Failure(*refusal)

    def submit(self, function, *arguments):
        """Hands something over; a future of its packed outcome."""
        future = self.executor.submit(function, *arguments)
        self.traffic.sent()
        return future

    def heard(self, future, tasks):
        """The outcome of what was handed over and has ended."""
        try:
            outcome = future.result()
        except BrokenExecutor:
            raise
        except BaseException as error:
            # A chunk gives the exceptions of its tasks; this one is of the way there or back.
            raise BrokenExecutor("an interpreter failed: %s: %s" % describe(error)) from None
        self.traffic.answered(tasks, outcome[-1])
        return outcome

    def reopen(self):
        """Gives up: an interpreter ends with its process or not at all."""
        raise Failure(DIED, "an interpreter could not run its tasks")

    def close(self):
        """Ends all interpreters; what they used is in the account of this process."""
        self.executor.shutdown(wait=True)


def _hear(said, first):
    """What every interpreter said when it was prepared."""
    lines = b""
    while lines.count(b"\n") < len(first):
        readable, _, _ = select.select([said], [], [], LOOK_S)
        if readable:
            lines += os.read(said, 1 << 16)
            continue
        for future in first:
            if future.done():
                future.result()
    return [json.loads(line) for line in lines.splitlines()]
