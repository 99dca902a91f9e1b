"""A pool of `multiprocessing` that belongs to the module."""

import atexit
import multiprocessing
import threading

LOCK = threading.Lock()
POOLS = []


def cube(number):
    return number**3


def pool():
    with LOCK:
        if not POOLS:
            POOLS.append(multiprocessing.Pool(2))
            atexit.register(POOLS[0].terminate)
        return POOLS[0]


def fetch(item):
    return pool().apply_async(cube, (item,)).get(timeout=60)
