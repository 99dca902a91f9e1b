"""A task of a pool that waits for another task of the same pool."""

from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(1)


def part(item):
    return item


def whole(item):
    return POOL.submit(part, item).result()  # E-ASYNC-004 completed


def fetch(item):
    return POOL.submit(whole, item).result()
