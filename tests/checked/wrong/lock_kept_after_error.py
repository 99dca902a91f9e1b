"""Keeps a lock when the work fails."""

import threading

LOCK = threading.Lock()


def work(item):
    if item == 0:
        raise ValueError("nothing to do")
    return item


def fetch(item):
    LOCK.acquire()  # E-ASYNC-004 completed
    try:
        result = work(item)
    except ValueError:
        return None
    LOCK.release()
    return result
