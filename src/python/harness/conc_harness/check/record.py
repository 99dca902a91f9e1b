"""What has been found so far, each thing once."""

import threading

from . import places

MOST_FINDINGS = 50


class Record:
    """Findings in the order in which they were made; any thread may add one."""

    def __init__(self):
        self._findings = {}
        self._lock = threading.Lock()

    def add(self, check, code, message, place=None, item=None):
        """Adds a finding; the same one again is only counted."""
        where = place[:2] if place else message
        with self._lock:
            found = self._findings.get((check, code, where))
            if found:
                found["count"] += 1
            elif len(self._findings) < MOST_FINDINGS:
                self._findings[check, code, where] = {
                    "check": check,
                    "code": code,
                    "message": message,
                    "place": place,
                    "item": item,
                    "count": 1,
                }

    def findings(self):
        """All findings."""
        with self._lock:
            return [dict(found, place=places.told(found["place"])) for found in self._findings.values()]
