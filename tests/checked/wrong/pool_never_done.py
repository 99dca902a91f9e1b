"""Gives a pool a function that never returns."""

import time
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(1)
POLLING = []


def poll():
    while True:
        time.sleep(0.05)


def fetch(item):
    if not POLLING:
        POLLING.append(POOL.submit(poll))  # E-ASYNC-005 resources
    return item
