"""Computes in interpreters that have a GIL each, in one process.

Needs Python 3.14.
Prints: 5133 primes below 50000, in 2 interpreters at most
"""

import os
from concurrent.futures import InterpreterPoolExecutor

STEP = 5_000


def count_primes(start):
    """Arguments and results are copied, as for processes; nothing is shared."""
    primes = 0
    for number in range(max(start, 2), start + STEP):
        if all(number % divisor for divisor in range(2, int(number**0.5) + 1)):
            primes += 1
    return primes, os.getpid()


def main():
    with InterpreterPoolExecutor(2) as pool:
        counts = list(pool.map(count_primes, range(0, 50_000, STEP)))
    assert {process for _, process in counts} == {os.getpid()}  # No other process.
    total = sum(primes for primes, _ in counts)
    print(f"{total} primes below 50000, in 2 interpreters at most")


if __name__ == "__main__":
    main()
