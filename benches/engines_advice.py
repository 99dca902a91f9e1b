#!/usr/bin/env python3
"""Checks what `conc advise --on dask` says about jobs of different sizes against running them both ways.

conc has one CPU, and the cluster has a worker for each CPU of this machine, so that the right answer depends
on the job. A row for each length of a task and number of tasks: what the advice says and predicts, the
seconds of `conc run` here and on the cluster, with everything that starting takes, and if both agree. Within
10%, either is right. Jobs of more than LIMIT seconds of work are left out, except for the smallest number of
tasks.

    python3 benches/engines_advice.py CONC PYTHON [LIMIT] [TIMES]

PYTHON is an interpreter with the package distributed. Each job runs TIMES times both ways, and the median
counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

TASKS = """
import time
def compute(item):
    end = time.process_time() + {seconds}
    while time.process_time() < end: pass
    return item
"""

LENGTHS_S = (0.0001, 0.001, 0.010, 0.100, 1.0)
NUMBERS = (100, 1_000, 10_000, 100_000)
BAND = 0.10

# A cluster that ends with its standard input.
CLUSTER = """
import os, sys
from distributed import LocalCluster
if __name__ == "__main__":
    workers = {"n_workers": len(os.sched_getaffinity(0)), "threads_per_worker": 1}
    with LocalCluster(**workers, host="127.0.0.1", dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


class Bench:
    """A cluster, and both ways to run a job."""

    def __init__(self, conc: str, python: str, directory: str) -> None:
        cpu = min(os.sched_getaffinity(0))
        self._conc = ["taskset", "-c", str(cpu), os.path.abspath(conc)]
        self._python, self._directory = python, directory
        with open(os.path.join(directory, "cluster.py"), "w") as file:
            file.write(CLUSTER)
        self._cluster = subprocess.Popen(
            [python, "cluster.py"], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._cluster.stdout is not None
        address = self._cluster.stdout.readline().strip()
        assert address, "the cluster has ended"
        self._on = ["--on", f"dask={address}"]

    def _output(self, arguments: list[str]) -> bytes:
        command = [*self._conc, *arguments]
        return subprocess.run(command, cwd=self._directory, check=True, stdout=subprocess.PIPE).stdout

    def _seconds(self, arguments: list[str]) -> float:
        begun = time.perf_counter()
        self._output(["run", "--quiet", "--json", *arguments])
        return time.perf_counter() - begun

    def row(self, length_s: float, number: int, times: int) -> tuple[str, bool]:
        """Returns a row of the table, and if the advice agrees with what was run."""
        name = f"tasks{LENGTHS_S.index(length_s)}.py"
        with open(os.path.join(self._directory, name), "w") as file:
            file.write(TASKS.format(seconds=length_s))
        work = [f"{name}:compute", "--python", self._python, "--tasks", str(number)]
        advise = ["advise", *self._on, "--budget", "3s", "--json", *work]
        engine: Any = json.loads(self._output(advise))["engine"]
        pairs = [(self._seconds(work), self._seconds([*work, *self._on])) for _ in range(times)]
        here_s, there_s = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        verdict, job = engine["verdict"], engine["job"]
        ratio = there_s / here_s
        is_close = 1 - BAND <= ratio <= 1 / (1 - BAND)
        agrees = is_close or verdict == ("pays" if ratio < 1 else "does-not-pay")
        predicted = f"{job['machine_s']:.2f}\t{job['engine_s']:.2f}"
        return f"{length_s}\t{number}\t{verdict}\t{predicted}\t{here_s:.2f}\t{there_s:.2f}\t{agrees}", agrees

    def close(self) -> None:
        """Ends the cluster."""
        assert self._cluster.stdin is not None
        self._cluster.stdin.close()
        self._cluster.wait()


def main() -> None:
    """Prints one row for each job."""
    conc, python = sys.argv[1:3]
    limit_s = float(sys.argv[3]) if len(sys.argv) > 3 else 10.0
    times = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    jobs = [
        (length_s, number)
        for length_s in LENGTHS_S
        for number in NUMBERS
        if length_s * number <= limit_s or number == NUMBERS[0]
    ]
    agreed = 0
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(conc, python, directory)
        try:
            print("task_s\ttasks\tadvice\there_said_s\tthere_said_s\there_s\tthere_s\tagrees")
            for length_s, number in jobs:
                row, agrees = bench.row(length_s, number, times)
                agreed += agrees
                print(row, flush=True)
        finally:
            bench.close()
    print(f"{agreed} of {len(jobs)} agree")


if __name__ == "__main__":
    main()
