"""What everything waits for, when nothing goes on.

A wait for a lock is told from any other, because only where all wait for locks it is a deadlock. A
wait for another task or for the threads of a pool says nothing of its own: it is left out.
"""

import asyncio
import os
import sys
import threading

from . import places

LOCKING_THREADS = ("threading.py", "queue.py", "synchronize.py")
LOCKING_TASKS = (os.path.join("asyncio", "locks.py"), os.path.join("asyncio", "queues.py"))
POOLS = tuple(os.path.join("concurrent", "futures", name) for name in ("_base.py", "thread.py", "process.py"))


def waits():
    """A list of what waits, for what kind of thing, and where: all threads and all tasks."""
    frames = sys._current_frames()
    frames.pop(threading.get_ident(), None)
    threads = {thread.ident: thread for thread in threading.enumerate()}
    found = []
    for ident, frame in frames.items():
        loop = _idle_loop(frame)
        if loop is None:
            found.append(_of_thread(threads.get(ident), frame))
        else:
            found.extend(map(_of_task, _tasks_of(loop)))
    return [wait for wait in found if wait is not None]


def _of_thread(thread, frame):
    where = places.place(places.frames_of_thread(frame))
    if where is None or _waits_for_pool(frame):
        # It is the library's or the harness's own, or what it waits for is listed itself.
        return None
    kind = "lock" if _waits_for_lock(thread, frame) else "other"
    return {"who": "thread " + getattr(thread, "name", "unknown"), "kind": kind, "place": places.told(where)}


def _waits_for_pool(frame):
    """Whether the library waits for a worker of a pool, called by the user."""
    while frame is not None and places.origin(frame.f_code.co_filename) == "library":
        if frame.f_code.co_filename.endswith(POOLS):
            return True
        frame = frame.f_back
    return False


def _waits_for_lock(thread, frame):
    """Whether a thread waits for a lock, and has set no limit to that."""
    if os.path.basename(frame.f_code.co_filename) in LOCKING_THREADS:
        return frame.f_locals.get("timeout") is None
    # A lock of C has no frame of Python's, but the kernel knows what it is.
    return places.origin(frame.f_code.co_filename) != "library" and _sleeps_on_futex(thread)


def _sleeps_on_futex(thread):
    try:
        with open("/proc/self/task/%d/wchan" % thread.native_id) as wchan:
            return "futex" in wchan.read()
    except (OSError, AttributeError, TypeError):
        return False


def _idle_loop(frame):
    """The event loop that a thread runs, if the loop waits for something to happen."""
    is_polling = os.path.basename(frame.f_code.co_filename) == "selectors.py"
    while is_polling and frame is not None:
        loop = frame.f_locals.get("self")
        if isinstance(loop, asyncio.AbstractEventLoop):
            return loop
        frame = frame.f_back
    return None


def _tasks_of(loop):
    for _ in range(10):
        try:
            return sorted(asyncio.all_tasks(loop), key=asyncio.Task.get_name)
        except RuntimeError:
            # The set of tasks has changed while it was read.
            continue
    return []


def _of_task(task):
    stack = places.frames_of_task(task)
    where = places.place(stack)
    waited = getattr(task, "_fut_waiter", None)
    is_derived = isinstance(waited, asyncio.Task) or type(waited).__name__ == "_GatheringFuture"
    if where is None or is_derived:
        return None
    locks = any(file.endswith(LOCKING_TASKS) for file, _, _ in stack[-2:])
    return {"who": "task " + task.get_name(), "kind": "lock" if locks else "other", "place": places.told(where)}
