"""Reports what every thread and task waits for during a hang.

Waits for a lock are reported as such, because a hang is a deadlock only if everything waits for locks. A
wait for another task or for the threads of a pool is left out: what those wait for is reported.
"""

from __future__ import annotations

import asyncio
import os
import threading
from types import FrameType
from typing import Any

from .. import process_tree, stack_dumps
from ..requests import JsonObject
from ..thread_frames import current_frames
from . import source_locations

LOCKING_THREADS = ("threading.py", "queue.py", "synchronize.py")
LOCKING_TASKS = (os.path.join("asyncio", "locks.py"), os.path.join("asyncio", "queues.py"))
POOLS = tuple(os.path.join("concurrent", "futures", name) for name in ("_base.py", "thread.py", "process.py"))

LOCK, AFTER_FORK, OTHER = "lock", "lock-after-fork", "other"


def waits() -> list[JsonObject]:
    """Returns what waits, for what kind of thing, and where: all threads and all tasks.

    Where nothing can wake a process that was started, everything here waits for that process in the end.
    """
    stuck = [wait for process in process_tree.descendants(os.getpid()) for wait in _stuck_in(process)]
    if stuck:
        return stuck
    frames = current_frames()
    frames.pop(threading.get_ident(), None)
    threads = {thread.ident: thread for thread in threading.enumerate()}
    found: list[JsonObject | None] = []
    for ident, frame in frames.items():
        loop = _idle_loop(frame)
        if loop is None:
            found.append(None if _waits_for_pool(frame) else _of_thread(threads.get(ident), frame))
        else:
            found.extend(map(_of_task, _tasks_of(loop)))
    waits = [wait for wait in found if wait is not None]
    if waits:
        return waits
    # Nothing but waits for pools: a task of a pool waits for another one of the same pool.
    pooled = [(threads.get(ident), frame) for ident, frame in frames.items() if _waits_for_pool(frame)]
    in_pool = [(thread, frame) for thread, frame in pooled if thread is not threading.main_thread()]
    found = [_of_thread(thread, frame) for thread, frame in in_pool or pooled]
    return [wait for wait in found if wait is not None]


def _stuck_in(process: int) -> list[JsonObject]:
    """Returns what the threads of another process wait for, if nothing can wake any of them."""
    if not process_tree.waits_for_ever(process):
        return []
    kind = AFTER_FORK if process_tree.is_fork(process) else LOCK
    found = []
    for stack in stack_dumps.of_process(process):
        frames = [source_locations.Location(*frame) for frame in reversed(stack)]
        location = source_locations.innermost(frames)
        if location is not None:
            place = source_locations.reported(location)
            found.append({"who": f"process {process}", "kind": kind, "place": place})
    return found


def _of_thread(thread: threading.Thread | None, frame: FrameType) -> JsonObject | None:
    location = source_locations.innermost(source_locations.frames_of_thread(frame))
    if location is None:
        # It belongs to the library or the harness.
        return None
    kind = LOCK if _waits_for_pool(frame) or _waits_for_lock(thread, frame) else OTHER
    name = thread.name if thread else "unknown"
    return {"who": f"thread {name}", "kind": kind, "place": source_locations.reported(location)}


def _waits_for_pool(frame: FrameType) -> bool:
    """Tells whether the library, called by the user, waits for a worker of a pool."""
    current: FrameType | None = frame
    while current is not None and _owner(current) == source_locations.LIBRARY:
        if current.f_code.co_filename.endswith(POOLS):
            return True
        current = current.f_back
    return False


def _owner(frame: FrameType) -> str:
    return source_locations.owner(frame.f_code.co_filename)


def _waits_for_lock(thread: threading.Thread | None, frame: FrameType) -> bool:
    """Tells whether a thread waits for a lock without a time limit."""
    if os.path.basename(frame.f_code.co_filename) in LOCKING_THREADS:
        return frame.f_locals.get("timeout") is None
    # A lock written in C has no Python frame, but the kernel knows it.
    return _owner(frame) != source_locations.LIBRARY and _sleeps_on_futex(thread)


def _sleeps_on_futex(thread: threading.Thread | None) -> bool:
    if thread is None:
        return False
    try:
        with open(f"/proc/self/task/{thread.native_id}/wchan") as wchan:
            return "futex" in wchan.read()
    except OSError:
        return False


def _idle_loop(frame: FrameType) -> asyncio.AbstractEventLoop | None:
    """Returns the event loop that a thread runs, if the loop waits for an event."""
    current: FrameType | None = frame
    is_polling = os.path.basename(frame.f_code.co_filename) == "selectors.py"
    while is_polling and current is not None:
        loop = current.f_locals.get("self")
        if isinstance(loop, asyncio.AbstractEventLoop):
            return loop
        current = current.f_back
    return None


def _tasks_of(loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
    for _ in range(10):
        try:
            return sorted(asyncio.all_tasks(loop), key=asyncio.Task.get_name)
        except RuntimeError:
            # The set of tasks changed while it was read.
            continue
    return []


def _of_task(task: asyncio.Task[Any]) -> JsonObject | None:
    stack = source_locations.frames_of_task(task)
    location = source_locations.innermost(stack)
    waited = getattr(task, "_fut_waiter", None)
    is_derived = isinstance(waited, asyncio.Task) or type(waited).__name__ == "_GatheringFuture"
    if location is None or is_derived:
        return None
    kind = LOCK if any(frame.file.endswith(LOCKING_TASKS) for frame in stack[-2:]) else OTHER
    return {"who": f"task {task.get_name()}", "kind": kind, "place": source_locations.reported(location)}
