"""Computes for short stretches between system calls, as clients of a network do."""

import os

items = range(800)


def task(item: int) -> int:
    """Takes about 0.5 ms, in forty stretches."""
    total = item
    for _ in range(40):
        total += sum(number * number for number in range(400))
        os.stat("/")
    return total
