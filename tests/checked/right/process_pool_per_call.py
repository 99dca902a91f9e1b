"""A worker process for each call."""

import multiprocessing


def square(number):
    return number * number


def fetch(item):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        total = sum(pool.map(square, range(item, item + 4)))
        pool.close()
        pool.join()
    return total
