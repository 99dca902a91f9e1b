"""Tells waiting from computing: the share of a task's time that it uses a CPU."""

import hashlib
import time

# Below this share of CPU time, waiting dominates; above the other one, computing.
IO_BOUND_UP_TO = 0.35
CPU_BOUND_FROM = 0.75


def request():
    time.sleep(0.03)  # Stands for a request.


def digest():
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 30_000)


def classify(task, repeats=5):
    wall, cpu = time.perf_counter(), time.thread_time()
    for _ in range(repeats):
        task()
    cpu_s = time.thread_time() - cpu
    share = cpu_s / (time.perf_counter() - wall)
    if share <= IO_BOUND_UP_TO:
        return share, "io-bound: async where the library has it, else threads"
    if share >= CPU_BOUND_FROM:
        return share, "cpu-bound: processes under a GIL, threads without one"
    return share, "mixed: an event loop with a process pool, or a pipeline"


def main():
    for task in (request, digest):
        share, advice = classify(task)
        print(f"{task.__name__}: {share:.0%} CPU: {advice}")


if __name__ == "__main__":
    main()
