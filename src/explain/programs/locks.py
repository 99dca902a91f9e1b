"""Protects data that several threads change.

Prints: 4 threads counted to 40000; nothing was lost in 400 transfers
"""

import threading


class Account:
    """A balance; the number decides in which order two accounts are locked."""

    def __init__(self, number, balance):
        self.number = number
        self.balance = balance
        self.lock = threading.Lock()


def transfer(source, target, amount):
    # Always in the same order: two opposite transfers cannot wait for each other.
    first, second = sorted((source, target), key=lambda account: account.number)
    with first.lock, second.lock:
        source.balance -= amount
        target.balance += amount


def main():
    total, lock = 0, threading.Lock()
    here, there = Account(1, 100), Account(2, 100)

    def work():
        nonlocal total
        for number in range(10_000):
            with lock:  # Without it, two threads may read the same total.
                total += 1
            if number % 100 == 0:
                transfer(here, there, 3)
                transfer(there, here, 3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (here.balance, there.balance) == (100, 100)
    print(f"4 threads counted to {total}; nothing was lost in 400 transfers")


if __name__ == "__main__":
    main()
