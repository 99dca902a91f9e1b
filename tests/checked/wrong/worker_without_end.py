"""One worker thread for all calls, which keeps the program from ending."""

import queue
import threading

LOG = queue.Queue()
WORKERS = []


def write_log():
    while True:
        LOG.get()


async def fetch(item):
    if not WORKERS:
        WORKERS.append(threading.Thread(target=write_log))
        WORKERS[0].start()  # E-ASYNC-005 resources
    LOG.put(item)
