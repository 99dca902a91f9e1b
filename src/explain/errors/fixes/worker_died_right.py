import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool


def work(item):
    if item == 1:
        os._exit(1)  # As the kernel kills a process that needs too much memory.
    return item


def alone(item):
    try:
        with ProcessPoolExecutor(1) as pool:
            return pool.submit(work, item).result()
    except BrokenProcessPool:
        return f"{item} ends its process"


if __name__ == "__main__":
    print(list(map(alone, range(3))))
