"""Writes a temporary file, and leaves it to the garbage collector to close it."""

import tempfile


def fetch(item):
    file = tempfile.TemporaryFile()  # E-ASYNC-005 resources
    file.write(b"data")
    return item
