"""Answers are kept for a while, under a lock."""
# needs cachetools

import threading
import time

import cachetools

CACHE = cachetools.TTLCache(maxsize=64, ttl=60)


@cachetools.cached(CACHE, lock=threading.Lock())
def answer(item):
    time.sleep(0.005)
    return item * 2


def fetch(item):
    return answer(item) + answer(item)
