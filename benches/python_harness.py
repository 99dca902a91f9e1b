#!/usr/bin/env python3
"""Compares the cost of the Python harness with the same executors written by hand.

Each pair runs the same tasks in two fresh interpreters, in random order: once in the harness as conc starts
it, once in the plainest program. The output is the median ratio of the times between the first task and the
last, without start-up, and the middle half of the ratios.

    python3 benches/python_harness.py [PAIRS] [PYTHON]

Goals: within 3% of the executors; for an empty coroutine, at most 0.1x the time of gather.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HARNESS = os.path.join(ROOT, "src", "python", "harness", "bootstrap.py")

TASKS = """
import asyncio, time
def spin(i):
    s = 0
    for k in range(10_000): s += k
    return s
def nap(i): time.sleep(0.001)
async def nap_async(i): await asyncio.sleep(0.001)
async def nothing(i): return None
"""

BY_HAND = {
    "sequential": "begun = now()\nfor i in range(N): f(i)",
    "threads": "with ThreadPoolExecutor(W) as pool:\n"
    "    list(pool.map(warm, range(W)))\n"
    "    begun = now()\n"
    "    for future in [pool.submit(f, i) for i in range(N)]: future.result()\n"
    "    ended = now()",
    "processes": "with ProcessPoolExecutor(W) as pool:\n"
    "    list(pool.map(warm, range(W)))\n"
    "    begun = now()\n"
    "    for value in pool.map(f, range(N), chunksize=CHUNK): pass\n"
    "    ended = now()",
    "async": "async def main():\n"
    "    indices = iter(range(N))\n"
    "    async def work():\n"
    "        for i in indices: await f(i)\n"
    "    await asyncio.gather(*(work() for _ in range(W)))\n"
    "loop = asyncio.new_event_loop()\nbegun = now()\nloop.run_until_complete(main())",
    "gather": "async def main():\n"
    "    await asyncio.gather(*(f(i) for i in range(N)))\n"
    "loop = asyncio.new_event_loop()\nbegun = now()\nloop.run_until_complete(main())",
}

PROGRAM = """
import asyncio, sys, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from time import perf_counter as now
from tasks import {callable} as f
N, W, CHUNK, ended = {tasks}, {width}, {chunk}, None
def warm(i): time.sleep(0.02)
if __name__ == "__main__":
{body}
    print((ended or now()) - begun)
"""


class Case(NamedTuple):
    """A strategy of the harness, and the program by hand that it is compared with."""

    strategy: str
    by_hand: str
    callable: str
    tasks: int
    width: int
    task_s: float


CASES = [
    Case("sequential", "sequential", "spin", 1500, 1, 0.0004),
    Case("threads", "threads", "nap", 1500, 4, 0.0011),
    Case("processes", "processes", "spin", 3000, 2, 0.0004),
    Case("async", "async", "nap_async", 4000, 16, 0.0011),
    Case("async", "gather", "nothing", 100_000, 64, 0.0000003),
]


def by_hand(python: str, directory: str, case: Case) -> float:
    """Returns the seconds that the program takes."""
    chunk = max(1, int(min(0.01 / case.task_s, case.tasks / (4 * case.width))))
    body = "".join(f"    {line}\n" for line in BY_HAND[case.by_hand].splitlines())
    program = PROGRAM.format(
        callable=case.callable, tasks=case.tasks, width=case.width, chunk=chunk, body=body
    )
    with open(os.path.join(directory, "program.py"), "w") as file:
        file.write(program)
    done = subprocess.run([python, "program.py"], cwd=directory, capture_output=True, check=True)
    return float(done.stdout)


def by_harness(python: str, directory: str, case: Case) -> float:
    """Returns the seconds that the harness takes."""
    file = os.path.join(directory, "tasks.py")
    step = {"file": file, "module": "tasks", "callable": case.callable, "async_callable": None}
    results = {"path": os.path.join(directory, "results"), "tasks": case.tasks, "slots": case.width}
    request = {
        "role": "batch",
        "header": {"steps": [step], "own_items": False, "import_limit_s": 30},
        "tasks": {"numbers": list(range(case.tasks)), "items": None},
        "limits": {"timeout_s": None, "retry": None, "rate": None},
        "results_file": results,
        "stop_starting_after_s": 100,
        "give_up_after_s": 100,
        "strategy": case.strategy,
        "width": case.width,
        "processes": 1,
        "cpu_steps": None,
        "task_s": case.task_s,
    }
    line = json.dumps(request).encode() + b"\n"
    done = subprocess.run([python, HARNESS], input=line, capture_output=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["event"] == "done" and not report["errors"], report
    return float(report["wall_s"])


def compare(python: str, directory: str, case: Case, pairs: int) -> str:
    """Returns the line to print for a case."""
    ratios, hand = [], []
    for _ in range(pairs):
        sides = [by_hand, by_harness]
        random.shuffle(sides)
        times = {side: side(python, directory, case) for side in sides}
        ratios.append(times[by_harness] / times[by_hand])
        hand.append(times[by_hand])
    low, middle, high = statistics.quantiles(ratios, n=4)
    per_task_us = statistics.median(hand) / case.tasks * 1e6
    return (
        f"{case.strategy:10} of {case.callable:9} x {case.width:2}: {middle:.3f} ({low:.3f}-{high:.3f}) "
        f"of {case.by_hand}, which takes {per_task_us:.2f} us a task"
    )


def main() -> None:
    """Compares every case."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    python = sys.argv[2] if len(sys.argv) > 2 else sys.executable
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "tasks.py"), "w") as file:
            file.write(TASKS)
        for case in CASES:
            print(compare(python, directory, case, pairs), flush=True)


if __name__ == "__main__":
    main()
