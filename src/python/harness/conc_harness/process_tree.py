"""The processes below this one, and which of them nothing can wake any more.

Linux tells for each thread the system call that it waits in. A thread that waits for a lock of its own
process (a private futex), without a time limit, can only be woken by another thread of that process.
"""

from __future__ import annotations

import os
import signal

# The numbers of `futex`, by machine; and the commands of it that wait.
FUTEX = {"x86_64": 202, "aarch64": 98, "riscv64": 98, "ppc64le": 221, "s390x": 238}.get(os.uname().machine)
FUTEX_WAITS = (0, 9)
FUTEX_PRIVATE, FUTEX_CLOCK = 128, 256

# The numbers of other calls that wait, by machine: `read`, waiting for a child, and waiting for files, with
# the argument that limits the time and what it is without a limit.
READ, WAITS_FOR_CHILD, WAITS_FOR_FILES = {
    "x86_64": (0, (61, 247), {7: (2, -1), 23: (4, 0), 270: (4, 0), 271: (2, 0), 232: (3, -1), 281: (3, -1)}),
    "aarch64": (63, (95, 260), {72: (4, 0), 73: (2, 0), 22: (3, -1)}),
}.get(os.uname().machine, (-1, (), {}))

# Programs of `multiprocessing` that serve others and wait all the time.
SERVERS = (b"multiprocessing.resource_tracker", b"multiprocessing.forkserver")


def descendants(process: int) -> list[int]:
    """Returns the processes below a process, the nearest first; none if the system does not tell."""
    found, following = [], [process]
    while following:
        children = [child for parent in following for child in _children(parent)]
        found.extend(children)
        following = children
    return found


def _children(process: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{process}/task"):
            found.extend(map(int, _read(f"/proc/{process}/task/{thread}/children").split()))
    except OSError:
        pass
    return found


def kill_below(process: int) -> None:
    """Ends every process below a process."""
    for child in descendants(process):
        try:
            os.kill(child, signal.SIGKILL)
        except OSError:
            # It has ended.
            continue


def has_workers(process: int) -> bool:
    """Tells whether a process has children other than the servers of `multiprocessing`."""
    return any(not _is_server(child) for child in descendants(process))


def _is_server(process: int) -> bool:
    try:
        command = _read(f"/proc/{process}/cmdline")
    except OSError:
        return False
    # A child of the fork server has its command line, and works.
    return any(name in command for name in SERVERS) and not _is_fork(process, command)


def is_fork(process: int) -> bool:
    """Tells whether a process was forked and runs the program of its parent."""
    try:
        return _is_fork(process, _read(f"/proc/{process}/cmdline"))
    except OSError:
        return False


def _is_fork(process: int, command: bytes) -> bool:
    try:
        parent = _read(f"/proc/{process}/stat").rpartition(b")")[2].split()[1].decode()
        return command == _read(f"/proc/{parent}/cmdline")
    except (OSError, IndexError):
        return False


def waits_for_ever(process: int) -> bool:
    """Tells whether nothing but a signal can wake any thread of a process; False where that is unknown."""
    try:
        threads = os.listdir(f"/proc/{process}/task")
        return bool(threads) and all(_waits_for_own_lock(process, thread) for thread in threads)
    except OSError:
        return False


def _waits_for_own_lock(process: int, thread: str) -> bool:
    fields = _read(f"/proc/{process}/task/{thread}/syscall").split()
    # "running", or a number and its arguments.
    if len(fields) < 5 or fields[0] != str(FUTEX).encode():
        return False
    operation, limit = int(fields[2], 16), int(fields[4], 16)
    waits = operation & ~(FUTEX_PRIVATE | FUTEX_CLOCK) in FUTEX_WAITS
    return waits and bool(operation & FUTEX_PRIVATE) and limit == 0


def all_wait(process: int, without: frozenset[int]) -> bool:
    """Tells whether a process and all below it wait without a time limit, apart from some threads.

    False where that is unknown.
    """
    try:
        return all(
            _waits_without_limit(each, thread)
            for each in (process, *descendants(process))
            for thread in os.listdir(f"/proc/{each}/task")
            if int(thread) not in without
        )
    except OSError:
        return False


def _waits_without_limit(process: int, thread: str) -> bool:
    fields = _read(f"/proc/{process}/task/{thread}/syscall").split()
    if len(fields) < 7:
        return False
    number, arguments = int(fields[0]), [int(field, 16) for field in fields[1:7]]
    if number == FUTEX:
        return arguments[1] & ~(FUTEX_PRIVATE | FUTEX_CLOCK) in FUTEX_WAITS and arguments[3] == 0
    if number == READ:
        return os.readlink(f"/proc/{process}/fd/{arguments[0]}").startswith(("pipe:", "socket:"))
    if number in WAITS_FOR_FILES:
        index, unlimited = WAITS_FOR_FILES[number]
        # A number of milliseconds has 32 bits.
        return arguments[index] & 0xFFFFFFFF == unlimited & 0xFFFFFFFF
    return number in WAITS_FOR_CHILD


def _read(path: str) -> bytes:
    """Returns a file of `/proc`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = []
        while piece := os.read(descriptor, 1 << 16):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(descriptor)
