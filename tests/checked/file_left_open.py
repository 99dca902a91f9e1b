"""Opens a file and does not close it."""

import os


def fetch(item):
    return len(open(os.devnull).read())  # E-ASYNC-005 resources
