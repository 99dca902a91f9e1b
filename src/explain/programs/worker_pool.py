"""Runs jobs on a fixed number of threads and reports each as it ends.

Prints: 40 jobs on at most 8 threads: 39 done, 1 failed
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

items = range(40)
names = set()


def work(item):
    names.add(threading.current_thread().name)
    time.sleep(0.005)  # Stands for a blocking call.
    if item == 13:
        raise ValueError(item)
    return item * item


def main():
    done = failed = 0
    with ThreadPoolExecutor(max_workers=8) as pool:
        jobs = {pool.submit(work, item): item for item in items}
        for job in as_completed(jobs):
            if job.exception() is None:
                done += 1
            else:
                failed += 1
    assert len(names) <= 8
    print(f"{len(jobs)} jobs on at most 8 threads: {done} done, {failed} failed")


if __name__ == "__main__":
    main()
