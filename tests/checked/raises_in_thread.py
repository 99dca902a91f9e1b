"""Starts a thread whose exception nobody sees."""

import threading


def fail():
    raise KeyError("unseen")  # E-PYTHON-004 exceptions


def fetch(item):
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
