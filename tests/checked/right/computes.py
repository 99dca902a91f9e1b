"""Computes on its own thread: slow, but nobody has to wait for the GIL."""


def fetch(item):
    return sum(n * n % 7 for n in range(200_000 + item))
