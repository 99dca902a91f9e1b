"""Waits in a blocking call."""

import time

items = range(100)


def task(item: int) -> int:
    """Takes 15 ms."""
    time.sleep(0.015)
    return item
