"""Asks somebody who is not there."""


def fetch(item):
    return input()  # E-PYTHON-004 exceptions
