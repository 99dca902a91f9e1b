"""A buffer with a condition: two threads fill it, the call empties it."""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor


def fetch(item):
    buffer, changed = deque(), threading.Condition()

    def produce(number):
        with changed:
            buffer.append(number)
            changed.notify()

    with ThreadPoolExecutor(2) as pool:
        pool.map(produce, range(item, item + 4))
        total = 0
        for _ in range(4):
            with changed:
                changed.wait_for(lambda: buffer, timeout=60)
                total += buffer.popleft()
    return total
