"""Threads that count with a wait in between, inside one lock."""

import threading
import time

LOCK = threading.Lock()
HITS = {"page": 0}


def fetch(item):
    with LOCK:
        hits = HITS["page"]
        time.sleep(0.005)
        HITS["page"] = hits + 1
    return item
