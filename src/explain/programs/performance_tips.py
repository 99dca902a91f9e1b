"""Times one function under three executors before anything is rewritten."""

import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

items = range(16)


def work(item):
    """Your function: here it computes for a few milliseconds."""
    return sum(number * number for number in range(20_000 + item))


def timed(label, run):
    start = time.perf_counter()
    results = run()
    seconds = time.perf_counter() - start
    print(f"{label:10} {len(results) / seconds:8.0f} tasks/s")
    return results


def main():
    with ThreadPoolExecutor(4) as threads, ProcessPoolExecutor(2) as processes:
        list(processes.map(int, range(8)))  # Start-up is paid before the clock runs.
        expected = timed("sequential", lambda: list(map(work, items)))
        for label, pool in [("threads", threads), ("processes", processes)]:
            results = timed(label, lambda pool=pool: list(pool.map(work, items)))
            assert results == expected  # Faster and wrong is no improvement.


if __name__ == "__main__":
    main()
