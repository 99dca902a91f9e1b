"""Computes in threads: on a free-threaded build they use several CPUs at once."""

import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor


def work(count):
    total = 0  # Local data: threads that share an object slow one another down.
    for number in range(count):
        total += number * number
    return total


def timed(threads, tasks):
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(work, [100_000] * tasks))
    assert len(set(results)) == 1
    return time.perf_counter() - start


def main():
    is_free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    # An extension that does not declare itself safe switches the GIL on again.
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    build = "free-threaded" if is_free_threaded else "usual"
    speed_up = timed(1, 4) / timed(2, 4)
    print(f"{build} build, GIL {'on' if has_gil else 'off'}: ", end="")
    print(f"2 threads are {speed_up:.1f}x as fast as one")


if __name__ == "__main__":
    main()
