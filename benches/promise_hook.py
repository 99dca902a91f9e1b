"""Runs printed programs once, before a batch of `conc advise`: `promise.py` gives it as `--prepare`.

    python3 promise_hook.py PLAN

The plan is a JSON file: the programs with their directory and limit, which calls of this hook run them, and
the file that takes a line for every run.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

# What a program prints last, such as "200 tasks: 198 ok, 2 failed in 0.412345 s".
TOLD = re.compile(r"([\d_,]+) ok\b.*?([\d_,]+) failed\b.*?\bin ([\d.]+) ?(ns|µs|us|ms|s)\b")
UNITS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0}


class Run(NamedTuple):
    """One run of a program: its own figures, if it printed them."""

    wall_s: float
    exit: int
    seconds: float | None
    ok: int | None
    failed: int | None
    error: str
    output: str


def run(
    command: Sequence[str], directory: str | pathlib.Path, limit_s: float, env: dict[str, str] | None = None
) -> Run:
    """Runs a program to its end; kills its group at the limit, with the exit code of a signal."""
    begun = time.perf_counter()
    pipes: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    child = subprocess.Popen(command, cwd=directory, env=env, text=True, start_new_session=True, **pipes)
    try:
        output, errors = child.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        output, errors = child.communicate()
        errors += f"\nkilled after {limit_s:.0f} s"
    wall_s = time.perf_counter() - begun
    told = list(TOLD.finditer(output)) or list(TOLD.finditer(errors))
    seconds = ok = failed = None
    if told:
        ok, failed = (int(re.sub("[_,]", "", told[-1][number])) for number in (1, 2))
        seconds = float(told[-1][3]) * UNITS[told[-1][4]]
    last = (errors.strip().splitlines() or [""])[-1]
    return Run(wall_s, child.returncode, seconds, ok, failed, last, output)


def main() -> None:
    """Counts the calls, and runs the programs at those that the plan names."""
    path = pathlib.Path(sys.argv[1])
    plan = json.loads(path.read_text())
    counter = path.with_suffix(".calls")
    calls = int(counter.read_text()) if counter.exists() else 0
    counter.write_text(str(calls + 1))
    # The first call is before the profile.
    if calls == 0 or calls % plan["every"] != 1 % plan["every"]:
        return
    with open(plan["log"], "a+") as log:
        log.seek(0)
        hung = {run["program"] for run in map(json.loads, log) if run["exit"] == -signal.SIGKILL}
        for name, command in plan["programs"].items():
            if name in hung:
                continue
            done = run(command, plan["directory"], plan["limit_s"])
            log.write(json.dumps({"program": name, **done._asdict(), "output": ""}) + "\n")


if __name__ == "__main__":
    main()
