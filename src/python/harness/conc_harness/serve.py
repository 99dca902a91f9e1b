"""Serves one request of conc: loads what it names, runs it, answers."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from . import (  # noqa: F401 - before modules of the user
    foreign,
    own_modules,
    primitives,
    process_tree,
    stack_dumps,
)
from .errors import CodedError, describe
from .free_threading import gil_watch
from .protocol import Channel, StandardChannel
from .requests import (
    BatchRequest,
    CheckRequest,
    ClusterRequest,
    InspectRequest,
    JobRequest,
    ProfileRequest,
    Request,
    ServeRequest,
    StartUpRequest,
    parse_request,
)

# The module of each strategy.
STRATEGY_MODULES = {
    "sequential": "sequential",
    "async": "asynchronous",
    "uvloop": "asynchronous",
    "threads": "threads",
    "processes": "processes",
    "hybrid": "hybrid",
    "pipeline": "pipeline",
    "interpreters": "interpreters",
}


# Those that start processes before their first task.
FORKING_STRATEGIES = ("processes", "hybrid", "pipeline")


def main(at_start: frozenset[str]) -> None:
    """Serves the request on standard input; `at_start` are the modules that Python had loaded before."""
    channel = StandardChannel.take_over(sys.argv[1].encode() if len(sys.argv) > 1 else None)
    del sys.argv[1:]
    own_modules.set_at_start(at_start)
    _move_harness_to_end_of_path()
    gil_watch.start()
    if hasattr(faulthandler, "enable"):
        faulthandler.enable()
    stack_dumps.enable()
    if serve(channel):
        # A thread that still runs a task would keep the interpreter from ending.
        sys.stdout.flush()
        os._exit(0)


def serve(channel: Channel) -> bool:
    """Serves the next request; tells whether a thread still runs a task afterwards."""
    process = os.getpid()
    message = channel.receive()
    if message is None:
        return False
    has_stuck_thread = False
    try:
        has_stuck_thread = _answer(parse_request(message), channel)
    except CodedError as failure:
        channel.send("failed", code=failure.code, message=failure.message)
    except BaseException as error:
        if os.getpid() != process:
            # A task forked this process, and its exception is not an answer.
            os._exit(0)
        code, text = describe(error)
        channel.send("failed", code=code, message=text)
    channel.wait_for_end()
    return has_stuck_thread


def _move_harness_to_end_of_path() -> None:
    """Gives the user's modules precedence: no module of the harness may hide one of theirs."""
    directory = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if directory in sys.path:
        sys.path.remove(directory)
    sys.path.append(directory)


def _answer(request: Request, channel: Channel) -> bool:
    if isinstance(request, InspectRequest):
        return _inspect(request, channel)
    if isinstance(request, ProfileRequest):
        return _profile(request, channel)
    if isinstance(request, BatchRequest):
        return _batch(request, channel)
    if isinstance(request, StartUpRequest):
        return _start_up(request, channel)
    if isinstance(request, ServeRequest):
        return _serve_items(request, channel)
    if isinstance(request, ClusterRequest):
        return _serve_cluster(request, channel)
    return _check(request, channel)


def _inspect(request: InspectRequest, channel: Channel) -> bool:
    from . import inspection, zygote

    before = zygote.Belongings.now() if request.stays else None
    with _import_limit(request, channel):
        steps, cost = inspection.load(request)
    forks = request.stays and zygote.may_fork(before)
    with _import_limit(request, channel):
        found = inspection.describe(request, steps, zygote.count if forks else inspection.count)
    channel.send("done", **found, **cost, forks=forks)
    if not forks:
        return False
    assert isinstance(channel, StandardChannel), "only a real channel can receive descriptors"
    own = zygote.serve(channel)
    return serve(own) if own else False


@contextlib.contextmanager
def _import_limit(request: Request, channel: Channel) -> Iterator[None]:
    """Ends the process if importing takes too long."""
    from .callables import CANNOT_IMPORT
    from .deadlock_watchdog import DeadlockWatchdog

    def report(_code: str, message: str) -> None:
        channel.send("failed", code=CANNOT_IMPORT, message=f"the import does not end: {message}")
        process_tree.kill_below(os.getpid())
        os._exit(1)

    watchdog = DeadlockWatchdog(request.header.import_limit_s, report)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.end()


def _profile(request: ProfileRequest, channel: Channel) -> bool:
    from . import profiling

    return _run_job(request, channel, profiling.run)


def _batch(request: BatchRequest, channel: Channel) -> bool:
    strategy = importlib.import_module("." + STRATEGY_MODULES[request.strategy], __package__)

    def run(job: Any) -> dict[str, Any]:
        strategy.run(job)
        report: dict[str, Any] = job.report()
        return report

    return _run_job(request, channel, run)


def _start_up(request: StartUpRequest, channel: Channel) -> bool:
    from . import start_up

    channel.send("done", **start_up.measure(request))
    return False


def _serve_items(request: ServeRequest, channel: Channel) -> bool:
    from .serving import ItemServer

    assert isinstance(channel, StandardChannel), "only a real channel has more than one message"
    with _import_limit(request, channel):
        server = ItemServer(request, channel)
    server.run()
    return True


def _serve_cluster(request: ClusterRequest, channel: Channel) -> bool:
    from .cluster import client

    assert isinstance(channel, StandardChannel), "only a real channel has more than one message"
    client.run(request, channel)
    return False


def _run_job(request: JobRequest, channel: Channel, run: Callable[[Any], dict[str, Any]]) -> bool:
    """Runs a job until it ends or hangs, and sends what `run` returns."""
    from .deadlock_watchdog import DeadlockWatchdog
    from .job import Job

    def report(code: str, message: str) -> None:
        channel.send("failed", code=code, message=message)
        # A run that hangs cannot be asked to end.
        process_tree.kill_below(os.getpid())
        os._exit(1)

    watchdog = DeadlockWatchdog(request.give_up_after_s, report, request.header.import_limit_s)

    def ready() -> None:
        channel.send("ready")
        watchdog.tasks_begin()

    with _import_limit(request, channel):
        job = Job(request)
    job.on_ready = ready
    if job.strategy in FORKING_STRATEGIES:
        # Not earlier: a process that is forked while threads run may inherit locked locks.
        job.on_forked = watchdog.start
    else:
        watchdog.start()
    try:
        channel.send("done", **run(job))
    finally:
        watchdog.end()
    return job.has_stuck_thread


def _check(request: CheckRequest, channel: Channel) -> bool:
    from .check.stages import Check

    def hung(report: dict[str, Any]) -> None:
        channel.send("done", **report)
        channel.wait_for_end()
        # A task that hangs cannot be asked to end.
        os._exit(0)

    with _import_limit(request, channel):
        check = Check(request, hung, lambda item: channel.send("ready", item=item))
    channel.send("done", **check.run())
    return check.left_threads
