"""Shares one array between processes: only its name is sent, not its data.

Prints: 1000000 numbers doubled in place by 4 tasks: sum 999999000000
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory

COUNT = 1_000_000
TASKS = 4


def double(name, start, stop):
    """Doubles a part of the array; no other task writes to it."""
    memory = SharedMemory(name)
    numbers = memory.buf.cast("q")
    part = numbers[start:stop]
    for index in range(len(part)):
        part[index] *= 2
    part.release()  # A view that is alive keeps the memory from being closed.
    numbers.release()
    memory.close()


def main():
    memory = SharedMemory(create=True, size=COUNT * 8)
    numbers = memory.buf[: COUNT * 8].cast("q")
    for index in range(COUNT):
        numbers[index] = index
    step = COUNT // TASKS
    with ProcessPoolExecutor(2) as pool:
        starts = range(0, COUNT, step)
        jobs = [pool.submit(double, memory.name, at, at + step) for at in starts]
        for job in jobs:
            job.result()
    total = sum(numbers)
    numbers.release()
    memory.close()
    memory.unlink()  # Once, by the process that created it.
    print(f"{COUNT} numbers doubled in place by {TASKS} tasks: sum {total}")


if __name__ == "__main__":
    main()
