"""Waits, for one item in forty thirty times as long."""

import time

items = range(160)


def task(item: int) -> int:
    """Takes 5 or 150 ms."""
    time.sleep(0.15 if item % 40 == 7 else 0.005)
    return item
