"""A thread that starts with the first call and works off a queue for all of them."""

import queue
import threading
from concurrent.futures import Future

JOBS = queue.Queue()
START = threading.Lock()
WORKERS = []


def work():
    while True:
        item, done = JOBS.get()
        done.set_result(item * 2)
        JOBS.task_done()


def fetch(item):
    with START:
        if not WORKERS:
            WORKERS.append(threading.Thread(target=work, name="doubler", daemon=True))
            WORKERS[0].start()
    done = Future()
    JOBS.put((item, done))
    return done.result(timeout=60)
