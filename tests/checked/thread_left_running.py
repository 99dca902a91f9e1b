"""Starts a thread that never ends."""

import threading

NEVER = threading.Event()


def wait():
    NEVER.wait(3600)


def fetch(item):
    threading.Thread(target=wait).start()  # E-ASYNC-005 resources
