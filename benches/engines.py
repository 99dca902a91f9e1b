#!/usr/bin/env python3
"""Compares `conc run --on dask` with `Client.map` by hand, on one cluster of two workers.

Each round runs the same items by conc, one by one and in the best chunks by hand, in random order; times are
from the first item to the last, so that nobody pays for starting. The output is the median ratio of conc to
each, and the middle half of the ratios. Chunks of 10 to 250 items are tried by hand. Of items that wait,
chunks that gather all of theirs are compared too: nobody can be faster, and conc has to find that they wait.

    python3 benches/engines.py CONC PYTHON [ROUNDS] [ITEMS]

PYTHON is an interpreter with the package distributed. Goals: at most 0.6x the time of single items, and 1.10x
that of the best chunk by hand, for items that compute, and for those that wait beside chunks that wait for
one after another. Items that compute cannot take less than their own time on two workers, which is printed
as a ratio of single items, too: where it is above 0.6, only the second goal can be met.
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

CHUNKS = (10, 20, 50, 100, 250)

WORKERS = 2

ITEM_S = 0.010

TASKS = f"""
import asyncio, time
def compute(item):
    end = time.process_time() + {ITEM_S}
    while time.process_time() < end: pass
    return item
async def wait(item):
    await asyncio.sleep({ITEM_S})
    return item
"""

# Prints the address of the scheduler, and then the seconds of each line `WAY CHUNK ITEMS` that it reads.
BY_HAND = """
import asyncio, sys, time
from distributed import Client, LocalCluster
import tasks
async def gathered(items): return await asyncio.gather(*map(tasks.wait, items))
async def in_turn(items): return [await tasks.wait(item) for item in items]
def chunk(way, items):
    if way == "compute": return [tasks.compute(item) for item in items]
    return asyncio.run(gathered(items) if way == "gather" else in_turn(items))
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

    def __init__(self, conc: str, python: str, items: int, directory: str) -> None:
        self._conc, self._python, self._directory = os.path.abspath(conc), python, directory
        self.items = items
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
        line = self._process.stdout.readline().strip()
        assert line, "the cluster has ended"
        return line

    def by_hand_s(self, way: str, size: int, items: int | None = None) -> float:
        """Returns the seconds of `Client.map` over chunks of `size` items."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{way} {size} {items or self.items}\n")
        self._process.stdin.flush()
        return float(self._line())

    def best_chunk(self, way: str) -> int:
        """Returns the size of chunks that is the fastest by hand."""
        by_size = {size: self.by_hand_s(way, size) for size in CHUNKS if size <= self.items}
        return min(by_size, key=lambda size: by_size[size])

    def conc_s(self, name: str) -> float:
        """Returns the seconds of `conc run`."""
        command = [self._conc, "run", "--on", f"dask={self._address}", "--python", self._python]
        command += ["--json", "--tasks", str(self.items), f"tasks.py:{name}"]
        done = subprocess.run(command, cwd=self._directory, check=True, capture_output=True)
        job: Any = json.loads(done.stdout)["job"]
        assert job["items"]["ok"] == self.items
        return float(job["elapsed_s"])

    def close(self) -> None:
        """Ends the cluster."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def middle_half(ratios: list[float]) -> str:
    """Returns the median, and the middle half."""
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def compare(bench: Bench, name: str, ways: list[str], rounds: int) -> None:
    """Prints the ratios of conc to single items, and to the best chunk of each way."""
    by_hand = {"single items": (ways[0], 1)}
    for way in ways:
        size = bench.best_chunk(way)
        by_hand[f"chunks of {size}, the best by hand ({way})"] = (way, size)
    seconds: dict[str, list[float]] = {}
    for _ in range(rounds):
        for which in random.sample(["conc", *by_hand], len(by_hand) + 1):
            took = bench.conc_s(name) if which == "conc" else bench.by_hand_s(*by_hand[which])
            seconds.setdefault(which, []).append(took)
    print(f"{name}: conc takes {statistics.median(seconds['conc']):.2f} s")
    if name == "compute":
        alone_s = bench.items * ITEM_S / WORKERS
        share = alone_s / statistics.median(seconds["single items"])
        print(f"{name}: the items alone: {alone_s:.2f} s, {share:.2f} of single items")
    for which in by_hand:
        ratios = [conc / hand for conc, hand in zip(seconds["conc"], seconds[which])]
        print(f"{name}: {which}: {middle_half(ratios)}", flush=True)


def main() -> None:
    """Prints the comparisons for each kind of item."""
    conc, python = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    items = int(sys.argv[4]) if len(sys.argv) > 4 else 2000
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(conc, python, items, directory)
        try:
            bench.by_hand_s("compute", 1, 20)
            compare(bench, "compute", ["compute"], rounds)
            compare(bench, "wait", ["in-turn", "gather"], rounds)
        finally:
            bench.close()


if __name__ == "__main__":
    main()
