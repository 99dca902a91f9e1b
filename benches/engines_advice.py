#!/usr/bin/env python3
"""Checks what `conc advise --on dask` says about jobs of different sizes against running them both ways.

A row for each length of a task and number of tasks: what the advice says, the seconds of `conc run` on this
machine and on a cluster of two workers here, with everything that starting takes, and if both agree. Within
10%, either is right. Jobs that take more than LIMIT seconds are left out.

    python3 benches/engines_advice.py CONC PYTHON [LIMIT]

PYTHON is an interpreter with the package distributed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time

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
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


def seconds(command: list[str], directory: str) -> float:
    """Returns the seconds of a command."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    """Prints one row for each job."""
    conc, python = os.path.abspath(sys.argv[1]), sys.argv[2]
    limit_s = float(sys.argv[3]) if len(sys.argv) > 3 else 60.0
    agreed = rows = 0
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "cluster.py"), "w") as file:
            file.write(CLUSTER)
        cluster = subprocess.Popen(
            [python, "cluster.py"], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert cluster.stdout is not None and cluster.stdin is not None
        on = f"dask={cluster.stdout.readline().strip()}"
        print("task_s\ttasks\tadvice\there_s\tthere_s\tagrees")
        for length_s in LENGTHS_S:
            name = f"tasks{LENGTHS_S.index(length_s)}.py"
            with open(os.path.join(directory, name), "w") as file:
                file.write(TASKS.format(seconds=length_s))
            for number in NUMBERS:
                if length_s * number / 2 > limit_s:
                    continue
                work = [f"{name}:compute", "--python", python, "--tasks", str(number)]
                advise = [conc, "advise", "--on", on, "--json", *work]
                done = subprocess.run(advise, cwd=directory, check=True, capture_output=True)
                verdict = json.loads(done.stdout)["engine"]["verdict"]
                run = [conc, "run", "--quiet", "--json", *work]
                here_s = seconds(run, directory)
                there_s = seconds([*run, "--on", on], directory)
                ratio = there_s / here_s
                is_close = 1 - BAND <= ratio <= 1 / (1 - BAND)
                agrees = verdict == "no-difference" or is_close or (ratio < 1) == (verdict == "pays")
                rows, agreed = rows + 1, agreed + agrees
                print(f"{length_s}\t{number}\t{verdict}\t{here_s:.2f}\t{there_s:.2f}\t{agrees}", flush=True)
        cluster.stdin.close()
        cluster.wait()
    print(f"{agreed} of {rows} agree")


if __name__ == "__main__":
    main()
