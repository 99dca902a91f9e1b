#!/usr/bin/env python3
"""What the Python harness costs beside the same executors written by hand.

Each pair runs the same tasks in two fresh interpreters, in random order: once by the harness as conc
starts it, once by the plainest program. Printed is the median ratio of the times between the first
task and the last, start-up excluded, with the middle half of the ratios.

    python3 benches/python_harness.py [PAIRS] [PYTHON]

Goals: within 3% of the executors; an empty coroutine at most 0.1x what gather takes for it.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile

HARNESS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src", "python", "harness", "bootstrap.py")

TASKS = '''
import asyncio, time
def spin(i):
    s = 0
    for k in range(10_000): s += k
    return s
def nap(i): time.sleep(0.001)
async def nap_async(i): await asyncio.sleep(0.001)
async def nothing(i): return None
'''

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

# What is compared: the strategy, by hand, the callable, how many tasks, how wide, seconds of a task.
CASES = [
    ("sequential", "sequential", "spin", 1500, 1, 0.0004),
    ("threads", "threads", "nap", 1500, 4, 0.0011),
    ("processes", "processes", "spin", 3000, 2, 0.0004),
    ("async", "async", "nap_async", 4000, 16, 0.0011),
    ("async", "gather", "nothing", 100_000, 64, 0.0000003),
]


def by_hand(python, directory, case):
    _, form, name, tasks, width, task_s = case
    chunk = max(1, int(min(0.01 / task_s, tasks / (4 * width))))
    body = "".join("    %s\n" % line for line in BY_HAND[form].splitlines())
    program = PROGRAM.format(callable=name, tasks=tasks, width=width, chunk=chunk, body=body)
    with open(os.path.join(directory, "program.py"), "w") as file:
        file.write(program)
    done = subprocess.run([python, "program.py"], cwd=directory, capture_output=True, check=True)
    return float(done.stdout)


def by_harness(python, directory, case):
    strategy, _, name, tasks, width, task_s = case
    step = {"file": os.path.join(directory, "tasks.py"), "module": "tasks", "callable": name, "async_callable": None}
    request = {
        "role": "batch",
        "header": {"steps": [step], "own_items": False, "import_limit_s": 30},
        "tasks": {"numbers": list(range(tasks)), "items": None},
        "limits": {"timeout_s": None, "retry": None, "rate": None},
        "results_file": {"path": os.path.join(directory, "results"), "tasks": tasks, "slots": width},
        "stop_starting_after_s": 100,
        "give_up_after_s": 100,
        "strategy": strategy,
        "width": width,
        "processes": 1,
        "cpu_steps": None,
        "task_s": task_s,
    }
    done = subprocess.run([python, HARNESS], input=json.dumps(request).encode() + b"\n", capture_output=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["event"] == "done" and not report["errors"], report
    return report["wall_s"]


def main():
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    python = sys.argv[2] if len(sys.argv) > 2 else sys.executable
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "tasks.py"), "w") as file:
            file.write(TASKS)
        for case in CASES:
            ratios, hand = [], []
            for _ in range(pairs):
                sides = [by_hand, by_harness]
                random.shuffle(sides)
                times = {side: side(python, directory, case) for side in sides}
                ratios.append(times[by_harness] / times[by_hand])
                hand.append(times[by_hand])
            low, middle, high = statistics.quantiles(ratios, n=4)
            strategy, form, name, tasks, width, _ = case
            per_task = statistics.median(hand) / tasks * 1e6
            print("%-10s of %-9s x %2d: %.3f (%.3f-%.3f) of %s, which takes %.2f us a task"
                  % (strategy, name, width, middle, low, high, form, per_task), flush=True)


main()
