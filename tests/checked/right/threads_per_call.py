"""Threads that share a list under a lock, and are joined."""

import threading
import time


def fetch(item):
    lock, seen = threading.Lock(), []

    def work(number):
        time.sleep(0.002)
        with lock:
            seen.append(number)

    threads = [threading.Thread(target=work, args=(item + n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(seen)
