"""Descriptors that the harness keeps out of the way of the user's code.

A program that becomes a daemon, or starts others, closes what it does not know: `os.closerange(3, 256)`.
"""

from __future__ import annotations

import fcntl
import os
import resource

# Numbers from here on are far from those that a program gets, and the table of a process stays small.
LAST_NUMBER = 1024
KEPT = 32


def out_of_the_way(descriptor: int) -> int:
    """Returns a copy of a descriptor with a number as high as is usual, which children do not inherit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    last = LAST_NUMBER if soft == resource.RLIM_INFINITY else min(soft, LAST_NUMBER)
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(3, last - KEPT))
    except OSError:
        # Every number up there is taken.
        return os.dup(descriptor)


def moved(descriptor: int) -> int:
    """Moves a descriptor out of the way; returns its new number."""
    copy = out_of_the_way(descriptor)
    os.close(descriptor)
    return copy
