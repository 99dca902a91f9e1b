"""A pool of the module that is made when it is first needed and never shut down."""

import functools
import time
from concurrent.futures import ThreadPoolExecutor, as_completed


@functools.lru_cache(maxsize=None)
def pool():
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="parts")


def part(number):
    time.sleep(0.002)
    return number


def fetch(item):
    futures = [pool().submit(part, item + offset) for offset in range(3)]
    return sum(future.result() for future in as_completed(futures))
