"""Waits in C code that keeps the GIL."""

import ctypes

usleep = ctypes.PyDLL(None).usleep


def fetch(item):
    usleep(60_000)  # E-PYTHON-007 gil
    return item
