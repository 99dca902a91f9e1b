"""Waits in C code that releases the GIL."""

import ctypes

usleep = ctypes.CDLL(None).usleep


def fetch(item):
    usleep(60_000)
    return item
