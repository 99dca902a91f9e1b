"""Computes while a thread of the module waits for something to do."""

import queue
import threading

LATER = queue.Queue()


def work():
    while True:
        LATER.get()


threading.Thread(target=work, daemon=True).start()


def fetch(item):
    total = sum(n * n % 7 for n in range(200_000))
    LATER.put(total)
    return total
