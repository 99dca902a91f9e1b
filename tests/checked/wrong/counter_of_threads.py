"""Threads that count in a dictionary, with a wait in between."""

import time

HITS = {}


def fetch(item):
    hits = HITS.get("page", 0)
    time.sleep(0.02)
    HITS["page"] = hits + 1  # E-ASYNC-007 shared-state
    return item
