"""Stacks of other processes: a signal makes an interpreter write those of its threads to standard error.

`faulthandler` writes them in the handler itself, whatever the threads wait for. A child that was forked has
the handler of its parent; another program has not, and gets no signal.
"""

from __future__ import annotations

import faulthandler
import os
import re
import sys
from typing import NamedTuple

from .descriptors import out_of_the_way
from .primitives import monotonic, sleep

# SIGSTKFLT, which Linux defines and never sends; `src/python/stacks.rs` has the same. None elsewhere.
SIGNAL = 16 if sys.platform == "linux" and os.uname().machine in ("x86_64", "aarch64") else None

# An interpreter has written its stacks after this time, on a busy machine too; they are complete if nothing
# was added for the shorter one.
LONGEST_WRITE_S = 0.5
QUIET_S = 0.02

THREAD_LINE = re.compile(r"^(Current thread|Thread) 0x[0-9a-f]+.*:$")
FRAME_LINE = re.compile(r'^  File "(.*)", line (\d+) in (.*)$')

# Where stacks go; -1 before `enable`.
_file = -1


class Frame(NamedTuple):
    """A line of a stack."""

    file: str
    line: int
    function: str


def enable() -> None:
    """Makes this process write its stacks on the signal, once."""
    global _file
    if _file >= 0 or SIGNAL is None or not hasattr(faulthandler, "register"):
        return
    # The user's code may put another file in the place of standard error.
    _file = out_of_the_way(2)
    faulthandler.register(SIGNAL, file=_file, all_threads=True)


def write_to(descriptor: int) -> None:
    """Makes this process, a fork of another, write its stacks to a file of its own."""
    if _file >= 0:
        os.dup2(descriptor, _file, inheritable=False)


def of_process(process: int) -> list[list[Frame]]:
    """Returns the stack of each thread of a process, innermost line first; nothing if it does not tell."""
    if _file < 0 or not _has_handler(process):
        return []
    assert SIGNAL is not None, "a handler has a signal"
    try:
        begin = os.fstat(_file).st_size
        os.kill(process, SIGNAL)
        return parse(_wait_for_text(begin))
    except OSError:
        # It has ended, or standard error is no file.
        return []


def _has_handler(process: int) -> bool:
    """Tells whether a process handles the signal, which would end it otherwise."""
    assert SIGNAL is not None, "a handler has a signal"
    try:
        if os.readlink(f"/proc/{process}/exe") != os.readlink("/proc/self/exe"):
            return False
        with open(f"/proc/{process}/status", encoding="utf-8", errors="replace") as status:
            caught = next(line for line in status if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (SIGNAL - 1) & 1)
    except (OSError, StopIteration):
        return False


def _wait_for_text(begin: int) -> str:
    """Returns what was written to the file since it had a size, when nothing is added any more."""
    deadline = monotonic() + LONGEST_WRITE_S
    size = begin
    while monotonic() < deadline:
        sleep(QUIET_S)
        now = os.fstat(_file).st_size
        if now == size > begin:
            break
        size = now
    return os.pread(_file, size - begin, begin).decode(errors="replace")


def parse(text: str) -> list[list[Frame]]:
    """Returns the stacks in what `faulthandler` wrote, innermost line first."""
    stacks: list[list[Frame]] = []
    is_stack = False
    for line in text.splitlines():
        frame = FRAME_LINE.match(line)
        if THREAD_LINE.match(line):
            stacks.append([])
            is_stack = True
        elif frame and is_stack:
            stacks[-1].append(Frame(frame[1], int(frame[2]), frame[3]))
        else:
            is_stack = False
    return stacks
