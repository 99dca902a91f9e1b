"""Starts a thread in every call that waits for work for ever."""

import queue
import threading


def work(tasks):
    while True:
        task = tasks.get()
        task()


def fetch(item):
    tasks = queue.Queue()
    threading.Thread(target=work, args=(tasks,)).start()  # E-ASYNC-005 resources
    done = threading.Event()
    tasks.put(done.set)
    done.wait()
    return item
