import os
from concurrent.futures import ProcessPoolExecutor


def work(item):
    if item == 1:
        os._exit(1)  # As the kernel kills a process that needs too much memory.
    return item


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        print(list(pool.map(work, range(3))))
