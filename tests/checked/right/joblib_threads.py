"""Runs parts in threads and keeps answers in memory."""
# needs joblib

import time

from joblib import Parallel, delayed


def part(number):
    time.sleep(0.002)
    return number


def fetch(item):
    return sum(Parallel(n_jobs=2, backend="threading")(delayed(part)(item + n) for n in range(4)))
