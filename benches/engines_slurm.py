#!/usr/bin/env python3
"""Compares `conc run --on slurm` with arrays by hand, on one node with two CPUs that `.ci/slurm` starts.

Each pair runs the same items both ways, in random order; times are from the submission to the last result.
The output is the median ratio, and the middle half of the ratios. By hand, the items are cut into 2 to 32
array tasks; one array task for each item is timed with fewer items, and its time for all of them follows from
that. The cluster has the intervals of scheduling that Slurm has by itself: most of what an array task costs.

    python3 benches/engines_slurm.py CONC [PAIRS] [ITEMS]

Needs root and Debian's slurmctld, slurmd, slurm-client and munge. Goals: at most 1.25x the time of the
best array by hand, and at least ten times as fast as one array task for each item.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

ITEM_S = 0.050

# Array tasks of one item each that are timed.
SINGLE = 20

ARRAY = """#!/bin/sh
#SBATCH --output=/dev/null
first=$((SLURM_ARRAY_TASK_ID * {chunk}))
last=$((first + {chunk} < {items} ? first + {chunk} : {items}))
while [ $first -lt $last ]; do sleep {item_s}; first=$((first + 1)); done
"""


class Bench:
    """A cluster, and both ways to use it."""

    def __init__(self, conc: str, items: int, directory: str) -> None:
        self._conc, self._items, self._directory = os.path.abspath(conc), items, directory
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".ci", "slurm")
        self._cluster = subprocess.Popen(
            [script, os.path.join(directory, "slurm"), "2", "own"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._cluster.stdout is not None
        config = self._cluster.stdout.readline().strip().removeprefix("SLURM_CONF=")
        assert config, "Slurm does not start"
        self._environment = {**os.environ, "SLURM_CONF": config}

    def _seconds(self, command: list[str]) -> float:
        begun = time.perf_counter()
        subprocess.run(command, cwd=self._directory, env=self._environment, check=True, capture_output=True)
        return time.perf_counter() - begun

    def conc_s(self) -> float:
        """Returns the seconds of `conc run`."""
        run = [self._conc, "run", "--on", "slurm", "-j1", "--quiet", "--tasks", str(self._items)]
        return self._seconds([*run, "--", "sleep", str(ITEM_S)])

    def by_hand_s(self, tasks: int, items: int) -> float:
        """Returns the seconds of an array of so many tasks over so many items."""
        chunk = -(-items // tasks)
        path = os.path.join(self._directory, "array.sh")
        with open(path, "w") as file:
            file.write(ARRAY.format(chunk=chunk, items=items, item_s=ITEM_S))
        begun = time.perf_counter()
        self._seconds(["sbatch", f"--array=0-{tasks - 1}", path])
        # With --wait, sbatch looks only every few seconds.
        queue = ["squeue", "--noheader"]
        while subprocess.run(queue, env=self._environment, check=True, capture_output=True).stdout:
            time.sleep(0.1)
        return time.perf_counter() - begun

    def close(self) -> None:
        """Ends the cluster."""
        assert self._cluster.stdin is not None
        self._cluster.stdin.close()
        self._cluster.wait()


def compare(bench: Bench, pairs: int, items: int) -> None:
    """Prints both comparisons."""
    by_tasks = {tasks: bench.by_hand_s(tasks, items) for tasks in (2, 4, 8, 16, 32)}
    best = min(by_tasks, key=lambda tasks: by_tasks[tasks])
    found = []
    for _ in range(pairs):
        if random.random() < 0.5:
            conc_s, by_hand_s = bench.conc_s(), bench.by_hand_s(best, items)
        else:
            by_hand_s, conc_s = bench.by_hand_s(best, items), bench.conc_s()
        found.append((conc_s, by_hand_s))
    ratios = sorted(conc_s / by_hand_s for conc_s, by_hand_s in found)
    low, middle, high = statistics.quantiles(ratios, n=4) if pairs > 1 else ratios * 3
    print(f"array of {best} tasks, the best by hand: {middle:.2f} ({low:.2f} to {high:.2f})")
    conc_s = statistics.median(conc_s for conc_s, _ in found)
    single_s = bench.by_hand_s(SINGLE, SINGLE) / SINGLE * items
    print(f"one array task for each item: {single_s:.0f} s (from {SINGLE} of them), conc {conc_s:.1f} s")
    print(f"conc is {single_s / conc_s:.0f} times as fast")


def main() -> None:
    """Prints both comparisons."""
    conc = sys.argv[1]
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    items = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    with tempfile.TemporaryDirectory() as directory:
        # The user of munge has to reach its socket.
        os.chmod(directory, 0o755)
        bench = Bench(conc, items, directory)
        try:
            compare(bench, pairs, items)
        finally:
            bench.close()


if __name__ == "__main__":
    main()
