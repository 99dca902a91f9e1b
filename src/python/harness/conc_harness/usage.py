"""What processes used: CPU time and memory."""

import os
import resource
import sys


def cpu():
    """User and system seconds of this process and of the children it has reaped."""
    total = [0.0, 0.0]
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total[0] += used.ru_utime
        total[1] += used.ru_stime
    return total


def cpu_of_children():
    """User and system seconds of the children that were reaped."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return [used.ru_utime, used.ru_stime]


def less(after, before):
    """What was used between two looks."""
    return [max(0.0, a - b) for a, b in zip(after, before)]


def plus(one, other):
    """What two used."""
    return [a + b for a, b in zip(one, other)]


def peak_rss():
    """The largest resident size of this process so far, in bytes."""
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def peak_rss_of_children():
    """The largest resident size of any one child that was reaped, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_maxrss * unit if used.ru_utime + used.ru_stime > 0 else 0


class RunQueue:
    """What the calling thread has waited for a CPU, where the system tells; cheap to ask again."""

    def __init__(self):
        try:
            self._stat = open("/proc/thread-self/schedstat", "rb", buffering=0)
        except OSError:
            self._stat = None

    def seconds(self):
        """Seconds so far; None if the system does not tell."""
        try:
            return int(os.pread(self._stat.fileno(), 64, 0).split()[1]) * 1e-9
        except (AttributeError, OSError, IndexError, ValueError):
            return None


def threads():
    """Threads of this process, those that Python knows nothing of included; None if unknown."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return None
