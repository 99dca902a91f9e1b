"""Starts a thread that never ends."""

import threading

NEVER = threading.Event()


def wait():
    NEVER.wait(3600)  # E-ASYNC-005 resources


def fetch(item):
    threading.Thread(target=wait).start()
