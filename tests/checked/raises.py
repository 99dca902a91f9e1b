"""Raises an exception for one of its items."""


def fetch(item):
    if item == 3:
        raise ValueError("three is too many")  # E-PYTHON-004 exceptions
