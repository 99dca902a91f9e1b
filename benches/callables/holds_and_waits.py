"""Waits with the GIL held, as some extension modules do."""

import ctypes

items = range(80)
C_LIBRARY = ctypes.PyDLL(None)


def task(item: int) -> int:
    """Takes 10 ms."""
    C_LIBRARY.usleep(10_000)
    return item
