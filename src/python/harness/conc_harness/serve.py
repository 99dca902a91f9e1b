"""Serves one order of conc: loads what it names, runs it, answers."""

import contextlib
import faulthandler
import os
import sys

from .errors import Failure, describe
from .protocol import Channel


def main():
    """Serves the order on standard input."""
    channel, process = Channel(), os.getpid()
    _keep_harness_last()
    order = channel.receive()
    if order is None:
        return
    if hasattr(faulthandler, "enable"):
        faulthandler.enable()
    try:
        ROLES[order["role"]](order, channel)
    except Failure as failure:
        channel.send("failed", code=failure.code, message=failure.message)
    except BaseException as error:
        if os.getpid() != process:
            # A task has forked this one, and what came back from it has nothing to do here.
            os._exit(0)
        code, message = describe(error)
        channel.send("failed", code=code, message=message)
    channel.wait_for_end()
    if order.get("stuck"):
        # A thread that is still at its task would keep the interpreter from ending.
        sys.stdout.flush()
        os._exit(0)


def _keep_harness_last():
    """The user's modules come before the harness, which must not hide any of them."""
    directory = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if directory in sys.path:
        sys.path.remove(directory)
    sys.path.append(directory)


def _inspect(order, channel):
    from . import inspection

    with _import_limit(order, channel):
        found = inspection.inspect(order)
    channel.send("done", **found)


@contextlib.contextmanager
def _import_limit(order, channel):
    """Ends the process when importing does not."""
    from .load import CANNOT_IMPORT
    from .watch import Watch

    def report(code, message):
        channel.send("failed", code=CANNOT_IMPORT, message="the import does not end: " + message)
        os._exit(1)

    watch = Watch(order["import_s"], report)
    watch.start()
    try:
        yield
    finally:
        watch.end()


def _profile(order, channel):
    from . import profiling
    from .job import Job

    with _import_limit(order, channel):
        job = Job(order)
    _watched(order, channel, job, lambda: channel.send("done", **profiling.run(job)))


def _batch(order, channel):
    import importlib

    from .job import Job

    with _import_limit(order, channel):
        job = Job(order)
    strategy = importlib.import_module("." + MODULES[order["strategy"]], __package__)

    def run():
        strategy.run(job)
        channel.send("done", **job.report())

    _watched(order, channel, job, run)


def _check(order, channel):
    from .check.run import Check

    def hung(report):
        channel.send("done", **report)
        channel.wait_for_end()
        # Nothing that hangs can be asked to end.
        os._exit(0)

    with _import_limit(order, channel):
        check = Check(order, hung, lambda item: channel.send("ready", item=item))
    channel.send("done", **check.run())
    order["stuck"] = check.left_threads


def _watched(order, channel, job, run):
    """Runs until it ends or hangs."""
    from .watch import Watch

    def report(code, message):
        channel.send("failed", code=code, message=message)
        # Nothing that hangs can be asked to end.
        os._exit(1)

    watch = Watch(order["patience_s"], report)

    def ready():
        channel.send("ready")
        # Not before: a process that is forked while threads run may inherit their locks.
        watch.start()

    job.on_ready = ready
    try:
        run()
    finally:
        watch.end()


ROLES = {"inspect": _inspect, "profile": _profile, "batch": _batch, "check": _check}

MODULES = {
    "sequential": "sequential",
    "async": "asynchronous",
    "uvloop": "asynchronous",
    "threads": "threads",
    "processes": "processes",
    "hybrid": "hybrid",
    "interpreters": "interpreters",
}
