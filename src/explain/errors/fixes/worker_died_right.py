import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context


def work(item):
    if item == 1:
        os._exit(1)  # As the kernel kills a process that needs too much memory.
    return item


def alone(item):
    try:
        # Not forked: a thread of the pool that broke may still run.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(work, item).result()
    except BrokenProcessPool:
        return f"{item} ends its process"


if __name__ == "__main__":
    print(list(map(alone, range(3))))
