"""Fetches, parses and stores; every step has its own workers and a bounded queue.

Prints: 60 rows stored, 0 failed
"""

import queue
import sqlite3
import threading
import time

DONE = object()


def fetch(number):
    time.sleep(0.005)  # Stands for a request.
    return f"{number},{number * number}"


def parse(line):
    number, square = line.split(",")
    return int(number), int(square)


def run_stage(work, workers, source, target, failures):
    """Runs the workers of one step; the last one tells the next step to end."""

    def worker():
        while (item := source.get()) is not DONE:
            try:
                target.put(work(item))
            # A worker that ends here would block the rest.
            except Exception as error:  # noqa: BLE001
                failures.append((item, error))
        source.put(DONE)  # For the next worker of this step.

    threads = [threading.Thread(target=worker) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    target.put(DONE)


def main():
    numbers, lines, rows = (queue.Queue(maxsize=16) for _ in range(3))
    failures = []
    stages = [
        threading.Thread(target=run_stage, args=(fetch, 8, numbers, lines, failures)),
        threading.Thread(target=run_stage, args=(parse, 1, lines, rows, failures)),
    ]
    for stage in stages:
        stage.start()

    def produce():
        for number in range(60):
            numbers.put(number)  # Waits while the queue is full: backpressure.
        numbers.put(DONE)

    producer = threading.Thread(target=produce)
    producer.start()

    # SQLite has one writer, so the last step has one worker: this thread.
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE squares (number INTEGER, square INTEGER)")
    while (row := rows.get()) is not DONE:
        database.execute("INSERT INTO squares VALUES (?, ?)", row)
    database.commit()
    for thread in [producer, *stages]:
        thread.join()
    (stored,) = database.execute("SELECT count(*) FROM squares").fetchone()
    database.close()
    print(f"{stored} rows stored, {len(failures)} failed")


if __name__ == "__main__":
    main()
