"""Worker processes that start with the first call and serve all of them."""

import threading
from concurrent.futures import ProcessPoolExecutor

LOCK = threading.Lock()
POOL = None


def square(number):
    return number * number


def pool():
    global POOL
    with LOCK:
        if POOL is None:
            POOL = ProcessPoolExecutor(max_workers=2)
    return POOL


def fetch(item):
    return sum(pool().map(square, range(item, item + 3)))
