"""Threads that add up what they downloaded; the total is read before the download."""

import time


class Downloads:
    total = 0


def download(item):
    time.sleep(0.02)
    return 1024


def fetch(item):
    Downloads.total += download(item)  # E-ASYNC-007 shared-state
