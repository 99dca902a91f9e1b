"""Forks while a daemon thread holds a lock: in the child, nothing ever releases it."""

import multiprocessing
import threading
import time

lock = threading.Lock()


def hold():
    with lock:
        time.sleep(1000)


def compute(item):
    with lock:  # E-ASYNC-004 completed
        return item


def fetch(item):
    threading.Thread(target=hold, daemon=True).start()
    time.sleep(0.05)
    child = multiprocessing.get_context("fork").Process(target=compute, args=(item,))
    child.start()
    child.join()
