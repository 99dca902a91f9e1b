"""The findings of a check, each of them once."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from ..requests import JsonObject
from . import source_locations
from .source_locations import Location

MAX_FINDINGS = 50


@dataclass
class Finding:
    """A fault, and how often it was found."""

    check: str
    code: str
    message: str
    location: Location | None
    item: str | None
    count: int = 1


class FindingList:
    """Findings in the order in which they were made; any thread may add one."""

    def __init__(self) -> None:
        self._findings: dict[tuple[object, ...], Finding] = {}
        self._lock = threading.Lock()

    def add(
        self, check: str, code: str, message: str, location: Location | None = None, item: str | None = None
    ) -> None:
        """Adds a finding; a known one is only counted."""
        where = location[:2] if location else message
        with self._lock:
            known = self._findings.get((check, code, where))
            if known:
                known.count += 1
            elif len(self._findings) < MAX_FINDINGS:
                self._findings[check, code, where] = Finding(check, code, message, location, item)

    def report(self) -> list[JsonObject]:
        """Returns all findings as they are sent."""
        with self._lock:
            return [
                {
                    "check": found.check,
                    "code": found.code,
                    "message": found.message,
                    "place": source_locations.reported(found.location),
                    "item": found.item,
                    "count": found.count,
                }
                for found in self._findings.values()
            ]
