"""Ends the program from inside a task."""

import sys


def fetch(item):
    sys.exit(3)  # E-PYTHON-004 exceptions
