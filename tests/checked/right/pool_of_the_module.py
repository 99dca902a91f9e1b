"""A pool of the module, idle between calls."""

from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(2)


def double(item):
    return 2 * item


def fetch(item):
    return POOL.submit(double, item).result()
