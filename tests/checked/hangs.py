"""Waits for ever, though not for a lock."""

import time


def fetch(item):
    time.sleep(3600)  # E-TASK-003 completed
