"""Sends small tasks to worker processes in chunks, so that a message pays.

Prints: 20000 numbers in 20 messages: sum 200010000
"""

from concurrent.futures import ProcessPoolExecutor
from itertools import islice

CHUNK = 1_000


def chunks(items, size):
    """Yields lists of `size` items; the last one may be shorter."""
    items = iter(items)
    while chunk := list(islice(items, size)):
        yield chunk


def work(numbers):
    """Returns one small result for a whole chunk."""
    return sum(number + 1 for number in numbers)


def main():
    batches = list(chunks(range(20_000), CHUNK))
    with ProcessPoolExecutor(2) as pool:
        total = sum(pool.map(work, batches))
    count = sum(map(len, batches))
    print(f"{count} numbers in {len(batches)} messages: sum {total}")


if __name__ == "__main__":
    main()
