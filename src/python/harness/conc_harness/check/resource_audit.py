"""Finds the lines that open files, sockets and processes, by the audit events of the interpreter."""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from typing import Any

from . import source_locations
from .source_locations import Location

FILE, SOCKET, PROCESS = "file", "socket", "process"

# The event, by what is opened. See "Audit events table" in Python's documentation.
KINDS = {"open": FILE, "socket.__new__": SOCKET, "subprocess.Popen": PROCESS}

EVENTS = {*KINDS, "socket.connect", "socket.bind"}


class ResourceAudit:
    """Counts by line while it is entered."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, Counter[Location]] = defaultdict(Counter)
        self._descriptors: dict[int, Location] = {}
        self._is_entered = False

    def __enter__(self) -> ResourceAudit:
        self._is_entered = True
        # A hook cannot be removed; it is only told to do nothing.
        sys.addaudithook(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_entered = False

    def only_line(self, kind: str) -> Location | None:
        """Returns the line that opens things of a kind, if exactly one line does."""
        lines = self._lines[kind]
        return next(iter(lines)) if len(lines) == 1 else None

    def line_of_socket(self, text: str) -> Location | None:
        """Returns the line that connected or bound the socket whose descriptor a text names."""
        named = re.search(r"\bfd=(\d+)", text)
        return self._descriptors.get(int(named.group(1))) if named else None

    def busiest_line(self) -> Location | None:
        """Returns the line that opens most."""
        lines = sum(self._lines.values(), Counter[Location]())
        return max(lines, key=lambda line: lines[line], default=None)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_entered or event not in EVENTS:
            return
        line = source_locations.innermost(source_locations.frames_of_thread(sys._getframe()))
        if line and event in KINDS:
            self._lines[KINDS[event]][line] += 1
        elif line:
            self._descriptors[arguments[0].fileno()] = line
