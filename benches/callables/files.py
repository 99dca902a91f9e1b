"""Reads a file that is in the page cache."""

import os
import zlib

items = range(4000)


def task(item: int) -> int:
    """Takes about 0.03 ms."""
    with open(os.__file__, "rb") as file:
        return zlib.crc32(file.read(), item)
