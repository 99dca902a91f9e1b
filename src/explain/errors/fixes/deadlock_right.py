import threading
import time
from concurrent.futures import ThreadPoolExecutor

locks = threading.Lock(), threading.Lock()
items = range(8)


def work(item):
    one, other = locks  # In the same order, whatever the item.
    with one:
        time.sleep(0.01)
        with other:
            return item


if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool:
        print(len(list(pool.map(work, items))))
