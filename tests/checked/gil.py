"""Computes on threads, which the GIL lets compute one at a time."""

from concurrent.futures import ThreadPoolExecutor


def compute(number):
    return sum(n * n % 7 for n in range(number))  # E-PYTHON-006 gil


def fetch(item):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(compute, [300_000] * 4))
