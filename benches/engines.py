#!/usr/bin/env python3
"""Compares `conc run --on dask` with `Client.map` by hand, on one cluster of two workers.

Each pair runs the same items both ways, in random order; times are from the first item to the last, so that
nobody pays for starting. The output is the median ratio, and the middle half of the ratios. Chunks by hand
are tried from 5 to 500 items.

    python3 benches/engines.py CONC PYTHON [PAIRS]

PYTHON is an interpreter with the package distributed. Goals: at most 0.6x the time of single items, and 1.10x
that of the best chunk by hand.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from typing import Any

ITEMS = 2000

TASKS = """
import asyncio, time
def compute(item):
    end = time.process_time() + 0.010
    while time.process_time() < end: pass
    return item
async def wait(item):
    await asyncio.sleep(0.010)
    return item
"""

# Prints the address of the scheduler, and then the seconds of each line `CALLABLE CHUNK ITEMS` that it reads.
BY_HAND = """
import asyncio, inspect, sys, time
from distributed import Client, LocalCluster
import tasks
def chunk(name, items):
    call = getattr(tasks, name)
    if inspect.iscoroutinefunction(call): return [asyncio.run(call(item)) for item in items]
    return [call(item) for item in items]
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        with Client(cluster) as client:
            print(cluster.scheduler_address, flush=True)
            for turn, line in enumerate(sys.stdin):
                name, size, count = line.split()
                items, size = [str(i) for i in range(int(count))], int(size)
                chunks = [items[i : i + size] for i in range(0, len(items), size)]
                begun = time.perf_counter()
                futures = client.map(chunk, [name] * len(chunks), chunks, key=f"by-hand-{turn}", pure=False)
                done = sum(len(part) for part in client.gather(futures))
                assert done == len(items)
                del futures
                print(time.perf_counter() - begun, flush=True)
"""


class Bench:
    """One cluster, and both ways to use it."""

    def __init__(self, conc: str, python: str, directory: str) -> None:
        self._conc, self._python, self._directory = os.path.abspath(conc), python, directory
        for name, text in (("tasks.py", TASKS), ("by_hand.py", BY_HAND)):
            with open(os.path.join(directory, name), "w") as file:
                file.write(text)
        self._process = subprocess.Popen(
            [python, "by_hand.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=directory,
        )
        self._address = self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def by_hand_s(self, name: str, size: int) -> float:
        """Returns the seconds of `Client.map` over chunks of `size` items."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name} {size} {ITEMS}\n")
        self._process.stdin.flush()
        return float(self._line())

    def conc_s(self, name: str) -> float:
        """Returns the seconds of `conc run`."""
        command = [self._conc, "run", "--on", f"dask={self._address}", "--python", self._python]
        command += ["--json", "--tasks", str(ITEMS), f"tasks.py:{name}"]
        done = subprocess.run(command, cwd=self._directory, check=True, capture_output=True)
        job: Any = json.loads(done.stdout)["job"]
        assert job["items"]["ok"] == ITEMS
        return float(job["elapsed_s"])

    def close(self) -> None:
        """Ends the cluster."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def ratios(bench: Bench, name: str, size: int, pairs: int) -> str:
    """Returns the median ratio of conc to chunks of `size` by hand, and the middle half."""
    found = []
    for _ in range(pairs):
        if random.random() < 0.5:
            conc, by_hand = bench.conc_s(name), bench.by_hand_s(name, size)
        else:
            by_hand, conc = bench.by_hand_s(name, size), bench.conc_s(name)
        found.append(conc / by_hand)
    low, middle, high = statistics.quantiles(found, n=4) if len(found) > 1 else found * 3
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Prints one row for each kind of item."""
    conc, python = sys.argv[1:3]
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(conc, python, directory)
        bench.by_hand_s("compute", 100)
        for name in ("compute", "wait"):
            by_size = {size: bench.by_hand_s(name, size) for size in (5, 10, 20, 50, 100, 200, 500)}
            best = min(by_size, key=lambda size: by_size[size])
            print(f"{name}: single items {ratios(bench, name, 1, pairs)}")
            print(f"{name}: chunks of {best}, the best by hand, {ratios(bench, name, best, pairs)}")
        bench.close()


if __name__ == "__main__":
    main()
