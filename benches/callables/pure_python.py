"""Computes in pure Python, with the GIL held."""

items = range(200)


def task(item: int) -> int:
    """Takes about 2 ms."""
    total = item
    for number in range(40_000):
        total += number % 7
    return total
