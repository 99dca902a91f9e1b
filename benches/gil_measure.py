"""Measures what two threads that run the same library call do to one another, with your versions.

    python3 benches/gil_measure.py
    python3 benches/gil_measure.py --only lxml,json --install
    python3 benches/gil_measure.py --csv rows.csv

For each call of `gil_rows.py` and `gil_rows_more.py` whose library is installed, a process of its own runs
the call in one thread and in two, in turns, and compares calls per second and CPU time. `--install` gets
missing libraries into a directory that is removed at the end. `--csv` writes rows as in
`src/evidence/data/gil.csv`, which `conc explain gil` shows. Turns in which threads waited for a CPU are
repeated; a row for which the machine stays too busy is said to be unclear, and is not written.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import evaluation
import gil_rows
import gil_rows_more

COLUMNS = [
    "library",
    "version",
    "call",
    "input",
    "python",
    "verdict",
    "parallelism",
    "speedup",
    "date",
    "source",
]

# A turn takes this long, or as many calls as this.
TURN_S = 0.25
TURN_CALLS = 8
TURNS = 3
MAX_TURNS = 12

# Turns count in which threads waited for a CPU for a smaller share of the time than this.
BUSY_FROM = 0.15

# A row that takes longer hangs.
LIMIT_S = 120

# The bounds of the verdicts, as in `conc explain gil`: gains of threads, CPUs of one thread, CPUs of two.
GAINS_FROM = 1.15
RELEASES_FROM = 1.6
INTERNAL_FROM = 1.2
BURNS_FROM = 1.3


class Turn(NamedTuple):
    """What some threads did together."""

    # Calls per second of all, and CPU seconds per second.
    per_s: float
    cpus: float
    # Share of the time in which a thread waited for a CPU.
    queued: float


class Measured(NamedTuple):
    """The figures of a row."""

    alone: Turn
    together: Turn

    @property
    def speedup(self) -> float:
        """Calls per second of two threads over those of one."""
        return self.together.per_s / self.alone.per_s

    @property
    def verdict(self) -> str:
        """What the threads do to one another."""
        if self.alone.cpus >= INTERNAL_FROM:
            return "internal"
        # Threads that use one CPU gain nothing, whatever a machine that changes its speed makes of the rates.
        gain = min(self.speedup, self.together.cpus)
        if gain >= RELEASES_FROM:
            return "releases"
        if gain >= GAINS_FROM:
            return "partly"
        return "thrashes" if self.together.cpus >= BURNS_FROM else "holds"


def queued_s() -> float:
    """Returns the seconds that this thread has waited for a CPU; 0 where the system does not say."""
    try:
        path = f"/proc/self/task/{threading.get_native_id()}/schedstat"
        return int(pathlib.Path(path).read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def turn(task: Callable[[], None], threads: int, seconds: float) -> Turn:
    """Runs a task in some threads for a while."""
    rates: list[float] = []
    queued: list[float] = []
    start = threading.Barrier(threads + 1)

    def work() -> None:
        start.wait()
        begin, before, calls = time.perf_counter(), queued_s(), 0
        while time.perf_counter() - begin < seconds:
            task()
            calls += 1
        rates.append(calls / (time.perf_counter() - begin))
        queued.append(queued_s() - before)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    begin, cpu = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.join()
    wall = time.perf_counter() - begin
    return Turn(sum(rates), (time.process_time() - cpu) / wall, statistics.fmean(queued) / wall)


def task_of(row: gil_rows.Row) -> Callable[[], None]:
    """Returns the call of a row, repeated as the row says."""
    names: dict[str, object] = {}
    body = f"def task():\n    for _ in range({row.times}):\n        {row.expression}\n"
    exec(f"{gil_rows.PRELUDE}\n{gil_rows_more.PRELUDE}\n{row.setup}\n{body}", names)
    task = names["task"]
    assert callable(task)
    return task


def measure(row: gil_rows.Row) -> Measured:
    """Runs a row in one thread and in two, in turns, and returns the medians."""
    task = task_of(row)
    task()
    begin = time.perf_counter()
    task()
    seconds = max(TURN_S, TURN_CALLS * (time.perf_counter() - begin))
    pairs: list[tuple[Turn, Turn]] = []
    for _ in range(MAX_TURNS):
        pair = turn(task, 1, seconds), turn(task, 2, seconds)
        if max(of.queued for of in pair) < BUSY_FROM:
            pairs.append(pair)
        if len(pairs) == TURNS:
            return Measured(median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs]))
    sys.exit("unclear: the machine is too busy")


def median(turns: list[Turn]) -> Turn:
    """Returns the median of each figure."""
    return Turn(*(statistics.median(figures) for figures in zip(*turns)))


def version_of(library: str) -> str | None:
    """Returns the version of a library, or that of Python for a part of it; None if it is not there."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return platform.python_version() if library in gil_rows_more.STANDARD else None


def in_process(number: int, path: str) -> tuple[Measured | None, str]:
    """Measures a row in a process of its own; returns the figures, or what went wrong."""
    command = [sys.executable, os.fspath(evaluation.HERE / "gil_measure.py"), "--row", str(number)]
    paths = [path, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    try:
        done = subprocess.run(command, env=env, text=True, capture_output=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return None, f"killed after {LIMIT_S} s"
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    alone, together = json.loads(done.stdout.splitlines()[-1])
    return Measured(Turn(*alone), Turn(*together)), ""


def install(libraries: list[str], directory: pathlib.Path) -> None:
    """Installs the newest versions of libraries that are missing, one by one, and makes them findable."""
    sys.path.insert(0, str(directory))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--target", str(directory)]
    for library in libraries:
        if version_of(library) is None:
            subprocess.run([*pip, "--only-binary", ":all:", library], check=False, capture_output=True)
        if version_of(library) is None:
            print(f"skipped {library}: it cannot be installed", flush=True)


def line(row: gil_rows.Row, version: str, measured: Measured) -> dict[str, str]:
    """Returns a row of the table."""
    return {
        "library": row.library,
        "version": version,
        "call": row.call,
        "input": row.input,
        "python": platform.python_version(),
        "verdict": measured.verdict,
        "parallelism": f"{measured.together.cpus:.2f}",
        "speedup": f"{measured.speedup:.2f}",
        "date": datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat(),
        "source": "gil_measure.py",
    }


def main() -> None:
    """Measures the rows that were asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="LIBRARIES", help="libraries, separated by commas")
    parser.add_argument("--install", action="store_true", help="get libraries that are missing")
    parser.add_argument("--more", action="store_true", help="only the calls of gil_rows_more.py")
    parser.add_argument("--csv", type=pathlib.Path, help="write the rows to a file")
    parser.add_argument("--row", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    known = [*gil_rows.ROWS, *gil_rows_more.ROWS]
    if options.row is not None:
        print(json.dumps(measure(known[options.row])))
        return
    only = options.only.split(",") if options.only else None
    first = len(gil_rows.ROWS) if options.more else 0
    wanted = [(number, row) for number, row in enumerate(known) if number >= first]
    wanted = [(number, row) for number, row in wanted if only is None or row.library in only]
    lines = []
    with tempfile.TemporaryDirectory() as directory:
        if options.install:
            install(sorted({row.library for _, row in wanted}), pathlib.Path(directory))
        for number, row in wanted:
            version = version_of(row.library)
            if version is None:
                continue
            measured, error = in_process(number, directory)
            if measured is None:
                print(f"FAILED {row.library}: {row.call}: {error}", flush=True)
                continue
            lines.append(line(row, version, measured))
            told = f"{measured.verdict:9} {measured.speedup:5.2f}x {measured.together.cpus:5.2f} CPUs"
            print(f"{told}  {row.library} {version}: {row.call}, {row.input}", flush=True)
    if options.csv:
        with options.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)


if __name__ == "__main__":
    main()
