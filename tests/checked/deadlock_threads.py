"""Two locks of threads, taken in two orders."""

import threading
import time

LOCKS = threading.Lock(), threading.Lock()


def fetch(item):
    one, other = LOCKS if item % 2 else LOCKS[::-1]
    with one:  # E-ASYNC-004 completed
        time.sleep(0.05)
        with other:  # E-ASYNC-004 completed
            return item
