"""Answers are kept: a file is read once, a table is computed once."""

import functools
import time


@functools.lru_cache(maxsize=1)
def table():
    time.sleep(0.01)
    return [n * n for n in range(20_000)]


@functools.lru_cache(maxsize=32)
def answer(item):
    with open(__file__) as file:
        return len(file.read()) + table()[item % 100]


def fetch(item):
    return answer(item)
