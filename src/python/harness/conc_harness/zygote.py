"""An interpreter that has imported the user's module and forks a child for every batch.

An import is paid once, and the children begin where it ended. That is as good as an interpreter of their
own only if a fork copies everything that the import made. It does not copy threads, it shares open files
and shared memory, and so a module that leaves any of these gets fresh interpreters instead.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from . import foreign, resource_usage, stack_dumps
from .descriptors import moved
from .protocol import StandardChannel

# The streams of a child, each given by a path below `/proc` at which conc has it open.
STREAMS = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_RDWR | os.O_APPEND))

# What batches need, and what those with an event loop need besides. To load it takes a tenth of the time of
# a short batch, or more.
MODULES = ("job", "sequential", "threads", "processes")
LOOP_MODULES = ("asynchronous", "hybrid", "pipeline")
INTERPRETER_MODULES = ("interpreters",)

# Modules of Python that these import. Where the user has one of such a name, children load theirs, for which
# there is a time limit.
OF_PYTHON = {
    "array",
    "asyncio",
    "concurrent",
    "contextvars",
    "hashlib",
    "heapq",
    "locale",
    "logging",
    "mmap",
    "multiprocessing",
    "queue",
    "select",
    "selectors",
    "signal",
    "socket",
    "ssl",
    "string",
    "subprocess",
}

# A library whose threads end before a fork and start again after it, by `pthread_atfork`.
FORKING_LIBRARY = "openblas"


class Belongings(NamedTuple):
    """What a fork does not copy, as far as the system tells."""

    threads: int
    files: frozenset[str]
    shared_maps: int
    libraries: str

    @classmethod
    def now(cls) -> Belongings | None:
        """Returns those of this process; None if the system does not tell."""
        try:
            threads = len(os.listdir("/proc/self/task"))
            files = frozenset(filter(_is_open, os.listdir("/proc/self/fd")))
            with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
                maps = file.read()
        except OSError:
            return None
        shared = sum(1 for line in maps.splitlines() if line.split()[1].endswith("s"))
        return cls(threads, files, shared, maps)


def _is_open(descriptor: str) -> bool:
    """Tells whether a descriptor is open; the one that lists them is not any more."""
    try:
        os.fstat(int(descriptor))
    except OSError:
        return False
    return True


def may_fork(before: Belongings | None) -> bool:
    """Tells whether a fork of this process is as good as a fresh interpreter that imports the module.

    `before` is what the process had before the import.
    """
    now = Belongings.now()
    if before is None or now is None or not hasattr(os, "fork") or threading.active_count() > 1:
        return False
    if foreign.replaced_by() is not None:
        # A fork may do anything then.
        return False
    if now.files != before.files or now.shared_maps != before.shared_maps:
        return False
    if now.threads > 1 and FORKING_LIBRARY in now.libraries:
        # Its threads are gone after a fork, unless other threads run as well.
        in_fork(lambda: b"")
        now = Belongings.now()
    return now is not None and now.threads == 1


def fork() -> int:
    """Forks. Warnings about threads are not for the user: whether there are any was found out before."""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()


def in_fork(function: Callable[[], bytes]) -> bytes:
    """Returns what the function returns in a child, so that it changes nothing here; empty if it fails."""
    ours, theirs = os.pipe()
    child = fork()
    if child == 0:
        try:
            os.write(theirs, function())
        finally:
            os._exit(0)
    os.close(theirs)
    pieces = []
    while True:
        piece = os.read(ours, 1 << 16)
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    os.waitpid(child, 0)
    return b"".join(pieces)


def serve(channel: StandardChannel) -> StandardChannel | None:
    """Forks a child for each request until conc closes the channel.

    Returns None at the end, and in a child the channel of the child.
    """
    has_loaded = False
    while True:
        request = channel.receive()
        if request is None:
            return None
        if "wait" in request:
            # Not reaped yet: until then the child keeps its number, by which conc may kill it.
            os.waitid(os.P_PID, request["wait"], os.WEXITED | os.WNOWAIT)
            channel.send("ended")
        elif "reap" in request:
            channel.send("reaped", status=os.waitpid(request["reap"], 0)[1])
        else:
            if not has_loaded:
                _load_strategies()
                has_loaded = True
            opened = [os.open(request[name], flags) for name, flags in STREAMS]
            child = fork()
            if child == 0:
                # A task that signals its whole group must not meet this process, nor its other children.
                os.setsid()
                resource_usage.was_forked_from(os.getppid())
                return _channel_of_child(*opened)
            for descriptor in opened:
                os.close(descriptor)
            channel.send("forked", pid=child)


def _load_strategies() -> None:
    """Loads the modules of strategies here, so that no child has to; none of them starts anything."""
    if _hides_modules_of_python():
        return
    names = list(MODULES)
    if "asyncio" in sys.modules:
        names += LOOP_MODULES
    if sys.version_info >= (3, 14):
        names += INTERPRETER_MODULES
    for name in names:
        # Where one cannot be loaded, the child that needs it says so.
        with contextlib.suppress(Exception):
            importlib.import_module("." + name, __package__)


def _hides_modules_of_python() -> bool:
    """Tells whether batches would find a module of the user where they expect one of Python."""
    own = os.path.dirname(os.__file__)
    for directory in sys.path:
        if directory == own:
            break
        with contextlib.suppress(OSError):
            if OF_PYTHON.intersection(name.partition(".")[0] for name in os.listdir(directory or ".")):
                return True
    return False


def _channel_of_child(stdin: int, stdout: int, stderr: int) -> StandardChannel:
    os.dup2(stderr, 2)
    os.dup2(stderr, 1)
    stack_dumps.write_to(stderr)
    os.close(stderr)
    return StandardChannel(moved(stdin), moved(stdout))


def count(items: Callable[[], list[Any] | None]) -> int | None:
    """Returns the number of items, counted in a child: reading them may use them up."""
    counted = in_fork(lambda: json.dumps(_length(items())).encode())
    # Without an answer it failed, and fails here with the error that the user is to see.
    found: int | None = json.loads(counted) if counted else _length(items())
    return found


def _length(items: list[Any] | None) -> int | None:
    return None if items is None else len(items)
