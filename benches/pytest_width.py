"""Compares `pytest -n conc` with every fixed number of workers and with `-n auto`, on six suites.

    python3 benches/pytest_width.py [--rounds 3] [--suite NAME]... [--widths 0,2,4]

It makes an environment with pytest and pytest-xdist, writes the suites, and runs all widths of a suite in
rounds, one after another in a new order in each round. Before them `-n conc` runs three times: the first run
knows nothing, the others follow what was measured. The medians of the rounds are compared. A fixed number
that takes much longer than the fastest run so far is ended and not run again. Run it on a quiet machine:
three rounds take about nine minutes.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PLUGIN = Path(__file__).parent.parent / "src/python/wheel"

PACKAGES = ["pytest==8.4.2", "pytest-xdist==3.8.0"]

WIDTHS = [0, 2, 3, 4, 6, 8, 12, 16, 24]

# A fixed number that takes so many times as long as the fastest run so far is ended, and not run again.
HOPELESS = 1.5

# Runs of `-n conc` before those that count.
LEARNING = 3

# Shares by which it may be slower than the best fixed number, and by which it has to be faster than `auto`.
ALLOWED = 1.05
BETTER = 0.95

HEAD = """
import time
import pytest


def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

"""

SUITES = {
    "cpu": """
@pytest.mark.parametrize("i", range(60))
def test_cpu(i):
    compute(0.1)
""",
    "sleeping": """
@pytest.mark.parametrize("i", range(80))
def test_sleeping(i):
    time.sleep(0.25)
""",
    "mixed": """
@pytest.mark.parametrize("i", range(60))
def test_mixed(i):
    compute(0.04)
    time.sleep(0.16)
    compute(0.01)
""",
    "one-long": """
@pytest.mark.parametrize("i", range(20))
def test_short(i):
    compute(0.05)


def test_long():
    for _ in range(20):
        compute(0.05)
        time.sleep(0.1)


@pytest.mark.parametrize("i", range(20))
def test_later(i):
    compute(0.05)
""",
    "memory": """
@pytest.mark.parametrize("i", range(32))
def test_memory(i):
    data = bytearray(b"x") * (192 << 20)
    time.sleep(0.4)
    assert data[i] == 120
""",
    "tiny": """
@pytest.mark.parametrize("i", range(300))
def test_tiny(i):
    assert i >= 0
""",
}


def main() -> None:
    """Runs the suites and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--suite", action="append", choices=sorted(SUITES), default=[])
    parser.add_argument("--widths", default=",".join(map(str, WIDTHS)))
    arguments = parser.parse_args()
    widths = arguments.widths.split(",")
    with tempfile.TemporaryDirectory(prefix="pytest-width-") as folder:
        python = environment(Path(folder) / "venv")
        print(f"CPython {sys.version.split()[0]}, {', '.join(PACKAGES)}, {os.cpu_count()} CPUs", flush=True)
        print(
            "\n| suite | fixed `-n`: seconds | `-n auto` | `-n conc` | chosen | to the best | to `auto` |",
            flush=True,
        )
        print("|---|---|---|---|---|---|---|", flush=True)
        rows = [
            Suite(name, Path(folder), python).measure(widths, arguments.rounds)
            for name in arguments.suite or SUITES
        ]
    near = sum(to_best <= ALLOWED for to_best, _ in rows)
    better = sum(to_auto <= BETTER for _, to_auto in rows)
    print(
        f"\nWithin {ALLOWED:.2f}x of the best fixed number: {near} of {len(rows)}; better than auto: {better}"
    )


def environment(folder: Path) -> Path:
    """Makes an environment and returns its interpreter."""
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True
    )
    return python


class Suite:
    """A suite in a folder of its own."""

    def __init__(self, name: str, folder: Path, python: Path) -> None:
        """Writes the suite."""
        self.name = name
        self.python = python
        self.folder = folder / name
        self.folder.mkdir()
        (self.folder / "pytest.ini").write_text("[pytest]\n")
        (self.folder / f"test_{name.replace('-', '_')}.py").write_text(HEAD + SUITES[name])
        self.chosen = ""

    def measure(self, fixed: list[str], rounds: int) -> tuple[float, float]:
        """Prints the row of the suite; returns the time of `-n conc` over the best fixed and over auto."""
        for _ in range(LEARNING):
            fastest = self.run("conc")
        times: dict[str, list[float]] = {width: [] for width in [*fixed, "auto", "conc"]}
        for number in range(rounds):
            still_open = [width for width, of in times.items() if math.inf not in of]
            random.Random(number).shuffle(still_open)
            for width in still_open:
                limit = HOPELESS * fastest if width.isdigit() else math.inf
                times[width].append(self.run(width, limit))
                fastest = min(fastest, times[width][-1])
        medians = {
            width: math.inf if math.inf in of else statistics.median(of) for width, of in times.items()
        }
        best = min(fixed, key=lambda width: medians[width])
        to_best, to_auto = medians["conc"] / medians[best], medians["conc"] / medians["auto"]
        told = " ".join(f"{width}: {seconds(medians[width])}" for width in fixed)
        told = re.sub(rf"(?<!\S){best}: \S+", r"**\g<0>**", told)
        print(
            f"| {self.name} | {told} | {medians['auto']:.2f} | {medians['conc']:.2f} | {self.chosen} "
            f"| {to_best:.2f}x | {to_auto:.2f}x |",
            flush=True,
        )
        return to_best, to_auto

    def run(self, width: str, limit: float = math.inf) -> float:
        """Runs the suite and returns the seconds that it took; infinity if it is ended at the limit."""
        plugins = ["-p", "xdist.plugin", "-p", "conc_pytest.plugin"]
        command = [str(self.python), "-m", "pytest", "-q", *plugins, "-n", width]
        variables = {**os.environ, "PYTHONPATH": str(PLUGIN), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        if width == "conc":
            command.remove("-q")
        began = time.perf_counter()
        with subprocess.Popen(
            command, cwd=self.folder, env=variables, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as running:
            try:
                out, _ = running.communicate(timeout=None if limit == math.inf else limit)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                return math.inf
        elapsed = time.perf_counter() - began
        assert running.returncode == 0, out
        if width == "conc":
            line = re.search(r"^conc: (no|\d+) worker.*$", out, re.MULTILINE)
            assert line, out
            print(f"<!-- {self.name}: {elapsed:.2f} s: {line.group(0)} -->", flush=True)
            self.chosen = line.group(1).replace("no", "0")
        return elapsed


def seconds(median: float) -> str:
    """Returns a median for the table; a dash for a number that was ended."""
    return "-" if median == math.inf else f"{median:.2f}"


if __name__ == "__main__":
    main()
