"""Threads that nobody waits for, and that soon end by themselves."""

import threading
import time

SENT = []


def send(item):
    time.sleep(0.05)
    SENT.append(item)


def fetch(item):
    threading.Thread(target=send, args=(item,)).start()
    threading.Thread(target=send, args=(-item,), daemon=True).start()
    return item
