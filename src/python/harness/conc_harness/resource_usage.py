"""CPU time, memory and threads of this process."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from typing import NamedTuple

from .descriptors import moved


class CpuTime(NamedTuple):
    """User and system CPU seconds."""

    user_s: float
    system_s: float

    def plus(self, other: CpuTime) -> CpuTime:
        """Returns the sum."""
        return CpuTime(self.user_s + other.user_s, self.system_s + other.system_s)

    def total_s(self) -> float:
        """Returns user and system seconds together."""
        return self.user_s + self.system_s

    def since(self, before: CpuTime) -> CpuTime:
        """Returns the difference to an earlier reading, at least 0."""
        return CpuTime(max(0.0, self.user_s - before.user_s), max(0.0, self.system_s - before.system_s))


def cpu() -> CpuTime:
    """Returns the CPU time of this process and of the children it has reaped."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return CpuTime(own.ru_utime, own.ru_stime).plus(cpu_of_children())


def cpu_of_children() -> CpuTime:
    """Returns the CPU time of the children that were reaped."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return CpuTime(used.ru_utime, used.ru_stime)


def peak_rss() -> int:
    """Returns the largest resident size of this process so far, in bytes."""
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _rss_unit()


def peak_rss_of_children() -> int:
    """Returns the largest resident size of any one child that was reaped, in bytes; 0 if it is not known.

    Linux lets a child begin with the peak of the process that started it (`exec_mmap` in fs/exec.c), so that
    a smaller child cannot be told from none.
    """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = used.ru_maxrss * _rss_unit()
    return largest if largest > peak_rss() else 0


# The process that this one is a copy of, whose memory it shares; None if it is a process of its own.
_origin: int | None = None


def was_forked_from(process: int) -> None:
    """Notes that this process is a copy of another one."""
    global _origin
    _origin = process


def proportional_peak() -> int | None:
    """Returns the peak memory of this process and its descendants in bytes; None if it is unknown.

    Every page counts once, however many processes share it. What a process has given back since its peak
    counts as its own.
    """
    total, waiting = 0, [os.getpid()]
    if _origin is not None:
        # Its share of common pages would be missing. It has hardly any of its own.
        with contextlib.suppress(OSError, KeyError):
            total += _sizes(f"/proc/{_origin}/smaps_rollup", (b"Pss:",))[b"Pss:"]
    while waiting:
        process = waiting.pop()
        try:
            sizes = _sizes(f"/proc/{process}/smaps_rollup", (b"Rss:", b"Pss:"))
            peak = _sizes(f"/proc/{process}/status", (b"VmHWM:",))
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/children", "rb") as children:
                    waiting.extend(map(int, children.read().split()))
        except (OSError, KeyError):
            if process == os.getpid():
                return None
            # It has ended meanwhile.
            continue
        total += sizes[b"Pss:"] + max(0, peak[b"VmHWM:"] - sizes[b"Rss:"])
    return total


def _sizes(path: str, names: tuple[bytes, ...]) -> dict[bytes, int]:
    """Returns some sizes of a file of `/proc`, in bytes; raises KeyError if one is missing."""
    found: dict[bytes, int] = {}
    with open(path, "rb") as lines:
        for line in lines:
            name, *rest = line.split()
            if name in names:
                found[name] = int(rest[0]) << 10
    return {name: found[name] for name in names}


def _rss_unit() -> int:
    """Returns the bytes in a unit of `ru_maxrss`."""
    return 1 if sys.platform == "darwin" else 1024


class RunQueue:
    """The time that a thread of this process waited for a CPU; its file stays open to be read often."""

    def __init__(self, native_thread_id: int | None = None) -> None:
        thread = "thread-self" if native_thread_id is None else f"self/task/{native_thread_id}"
        try:
            self._descriptor = moved(os.open(f"/proc/{thread}/schedstat", os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            self._descriptor = -1

    def seconds(self) -> float | None:
        """Returns the seconds so far; None if the system does not report them."""
        if self._descriptor < 0:
            return None
        try:
            return int(os.pread(self._descriptor, 64, 0).split()[1]) * 1e-9
        except (OSError, IndexError, ValueError):
            return None

    def active_seconds(self) -> float | None:
        """Returns the seconds in which the thread ran or waited for a CPU; None if they are not reported."""
        if self._descriptor < 0:
            return None
        try:
            ran, queued, *_ = os.pread(self._descriptor, 64, 0).split()
            return (int(ran) + int(queued)) * 1e-9
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Closes the file."""
        if self._descriptor >= 0:
            # A task may have closed it.
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1


def native_threads() -> int | None:
    """Returns the number of threads of this process, also those unknown to Python; None if unknown."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return None
