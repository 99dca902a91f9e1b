"""Computes on several CPUs with a pool of processes.

Prints: 5133 primes below 50000
"""

from concurrent.futures import ProcessPoolExecutor

STEP = 1_000
items = range(0, 50_000, STEP)


def count_primes(start):
    """Counts the primes from `start` on; arguments and results are small."""
    return sum(map(is_prime, range(start, start + STEP)))


def is_prime(number):
    if number < 2 or number % 2 == 0:
        return number == 2
    return all(number % divisor for divisor in range(3, int(number**0.5) + 1, 2))


def main():
    # One worker for each CPU that this process may use is the default from 3.13 on.
    with ProcessPoolExecutor() as pool:
        total = sum(pool.map(count_primes, items))
    print(f"{total} primes below 50000")


# Workers that are spawned import this file: they must not start pools of their own.
if __name__ == "__main__":
    main()
