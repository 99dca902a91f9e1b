"""The advice for Python callables beside executors written by hand.

    python3 benches/python_advice.py --conc target/release/conc --python python3.11 --python python3.14

Asks `conc advise` about every callable of `benches/callables`, then times the whole list by hand
(`by_hand.py`, in which nothing of conc runs), in a fresh interpreter each time and in random order. Cells are
left out that cannot win: narrower than the best by a factor that no width makes up, or 1.4 times as slow in
the first round. The regret is free of the bias of the best of many noisy cells: the best of every other round
is valued by the rounds between. The spread beside it is its standard error. Cells that fail, hang, or return
something else than the plain loop cannot be the best, and advice for them has a regret of 100%.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import re
import statistics
import sys
import tempfile
import time
from typing import Any, NamedTuple

import evaluation
from evaluation import Advice, Configuration

GOOD = 0.10
WIDTHS = (2, 4, 8, 16, 32, 100)
PROCESS_WIDTHS = (2, 4)
LOOP_WIDTHS = (32, 100)
SEQUENTIAL = Configuration("sequential", 1)

# At least this many rounds, and at most that many.
ROUNDS = (4, 6)

# In the first round a cell is left out if even a perfect speed-up makes it slower than the best by the first
# factor; in the next ones if it was slower by the second.
HOPELESS, SLOW = 3.0, 1.4

# Predictions that are off by more than this are listed.
FAR_OFF = 0.25

# Strategies that multiply a limit which the module sets itself: faster, and not what its author wants.
BREAKS_LIMIT = {"own_limit": ("processes", "hybrid", "interpreters", "threads")}


class Batch(NamedTuple):
    """One run of the whole list by hand."""

    seconds: float
    digest: str
    error: str


class Trial(NamedTuple):
    """A callable on an interpreter: what was advised, and what was best by hand."""

    callable: str
    version: str
    advice: Advice
    best: Configuration
    regret: float
    regret_error: float
    advised_problem: str
    # By cell: the predicted throughput over the one by hand, less 1.
    prediction_errors: dict[str, float]

    @property
    def row(self) -> str:
        """The line of the table."""
        confidence = self.advice.confidence or "-"
        return (
            f"{self.callable:16} {self.version:5} {self.advice!s:18} {self.best!s:18} {self.regret:7.1%} "
            f"± {self.regret_error:5.1%}  {confidence:6} {self.advice.wall_s:5.1f} s  {self.advised_problem}"
        ).rstrip()


class Grid:
    """The cells of a callable, timed by hand."""

    def __init__(self, python: str, path: pathlib.Path, env: dict[str, str]) -> None:
        self.python = python
        self.name = path.stem
        self.env = {**env, "CALLABLE": str(path)}
        source = path.read_text()
        self.is_coroutine = "async def task" in source
        found = re.search(r"^items = range\(([\d_]+)\)$", source, re.MULTILINE)
        assert found, f"{path} says how many items it has"
        self.items = int(found[1])
        self.batches: dict[Configuration, list[Batch]] = {}

    def cells(self, version: str) -> list[Configuration]:
        """Returns the cells that people would try, the widest first."""
        widths = [width for width in WIDTHS if width <= self.items]
        cells = [Configuration("processes", width) for width in PROCESS_WIDTHS]
        if self.is_coroutine:
            cpus = len(os.sched_getaffinity(0))
            cells += [Configuration("async", width) for width in widths]
            cells += [Configuration("threads", width) for width in LOOP_WIDTHS if width <= self.items]
            cells += [Configuration("hybrid", cpus * (width // cpus), cpus) for width in LOOP_WIDTHS]
        else:
            cells += [Configuration("threads", width) for width in widths]
            if tuple(map(int, version.rstrip("t").split("."))) >= (3, 14):
                cells += [Configuration("interpreters", width) for width in PROCESS_WIDTHS]
        return sorted(cells, key=lambda cell: -cell.width)

    def measure(self, cell: Configuration, limit_s: float) -> Batch:
        """Runs the whole list once and keeps the result."""
        chunk = 1
        if cell != SEQUENTIAL:
            task_s = self.seconds(SEQUENTIAL) / self.items
            chunk = max(1, int(min(0.01 / task_s, self.items / (4 * cell.width))))
        numbers = (str(cell.width), str(max(1, cell.processes)), str(chunk))
        command = [self.python, str(evaluation.BY_HAND), cell.strategy, *numbers]
        output, error = evaluation.run(command, limit_s, self.env)
        if error:
            batch = Batch(limit_s, "", error)
        else:
            told = json.loads(output)
            batch = Batch(
                told["seconds"], told["digest"], f"{told['failed']} failed" if told["failed"] else ""
            )
        self.batches.setdefault(cell, []).append(batch)
        return batch

    def seconds(self, cell: Configuration) -> float:
        """Returns the median time of a cell."""
        return statistics.median(batch.seconds for batch in self.batches[cell])

    def problem(self, cell: Configuration) -> str:
        """Returns why a cell is not eligible, empty if it is."""
        if cell.strategy in BREAKS_LIMIT.get(self.name, ()):
            return "multiplies the limit of the module"
        expected = self.batches[SEQUENTIAL][0].digest
        for batch in self.batches.get(cell, [Batch(0.0, "", "was not run")]):
            if batch.error:
                return batch.error
            if batch.digest != expected:
                return "other outputs than the plain loop"
        return ""

    def run(self, version: str, advised: Configuration | None, seconds_per_cell: float) -> None:
        """Measures the cells, and the one that is advised, in rounds."""
        self.measure(SEQUENTIAL, 30)
        limit_s = max(4.0, 3 * self.seconds(SEQUENTIAL))
        cells = self.cells(version)
        if advised and advised not in (*cells, SEQUENTIAL):
            cells.insert(0, advised)
        self._first_round(cells, advised, limit_s)
        best_s = min(self.seconds(cell) for cell in self.batches if not self.problem(cell))
        kept = [
            cell
            for cell in self.batches
            if not self.problem(cell) and (cell == advised or self.seconds(cell) <= SLOW * best_s)
        ]
        begun = time.perf_counter()
        for number in range(1, ROUNDS[1]):
            if number >= ROUNDS[0] and time.perf_counter() - begun > seconds_per_cell * len(kept):
                break
            for cell in random.sample(kept, len(kept)):
                self.measure(cell, limit_s)

    def _first_round(self, cells: list[Configuration], advised: Configuration | None, limit_s: float) -> None:
        best_s = sequential_s = self.seconds(SEQUENTIAL)
        for cell in cells:
            if cell == advised or sequential_s / cell.width <= HOPELESS * best_s:
                self.measure(cell, limit_s)
                if not self.problem(cell):
                    best_s = min(best_s, self.seconds(cell))

    def fully_measured(self) -> dict[Configuration, list[float]]:
        """Returns the times of the eligible cells that took part in every round."""
        rounds = max(len(batches) for batches in self.batches.values())
        return {
            cell: [batch.seconds for batch in batches]
            for cell, batches in self.batches.items()
            if len(batches) == rounds and not self.problem(cell)
        }


def regret(times: dict[Configuration, list[float]], advised: Configuration) -> tuple[float, float]:
    """Returns the share of throughput lost by a cell against the best one, and the standard error of it."""
    lost, spreads = [], []
    for picking, valuing in ((0, 1), (1, 0)):
        best = min(times, key=lambda cell: statistics.median(times[cell][picking::2]))
        value = {cell: statistics.median(times[cell][valuing::2]) for cell in (best, advised)}
        lost.append(1 - value[best] / value[advised])
    for values in times.values():
        mean = statistics.mean(values)
        spreads.append(statistics.stdev(values) / mean / len(values) ** 0.5)
    return statistics.mean(lost), statistics.median(spreads) * 2**0.5


def evaluate(
    options: argparse.Namespace, python: str, version: str, path: pathlib.Path, env: dict[str, str]
) -> Trial:
    """Asks for advice about a callable, and times it by hand."""
    advice = evaluation.advise(options.conc, [f"{path}:task", "--python", python, *options.option], env)
    grid = Grid(python, path, env)
    advised = advice.configuration
    grid.run(version, advised, options.seconds_per_cell)
    times = grid.fully_measured()
    best = min(times, key=lambda cell: statistics.median(times[cell]))
    problem = grid.problem(advised) if advised else "no advice"
    lost, error = regret(times, advised) if advised in times and advised else (1.0, 0.0)
    errors = {}
    for cell in advice.report.get("cells", []):
        configuration = evaluation.configuration_of(cell)
        if configuration in grid.batches and not grid.problem(configuration) and cell["predicted_per_s"]:
            errors[str(configuration)] = (
                cell["predicted_per_s"] * grid.seconds(configuration) / grid.items - 1
            )
    return Trial(path.stem, version, advice, best, lost, error, problem, errors)


def summary(trials: list[Trial]) -> str:
    """Returns a line for each interpreter and one for all."""
    versions = sorted({trial.version for trial in trials})
    lines = []
    for version in [*versions, "all"]:
        of = [trial for trial in trials if version in (trial.version, "all")]
        good = sum(trial.regret <= GOOD for trial in of)
        errors = [abs(error) for trial in of for error in trial.prediction_errors.values()]
        walls = [trial.advice.wall_s for trial in of]
        lines.append(
            f"{version:5} within {GOOD:.0%}: {good} of {len(of)}; regret: mean "
            f"{statistics.mean(trial.regret for trial in of):.1%}; prediction off: median "
            f"{evaluation.quantile(errors, 0.5):.1%}, 90th percentile {evaluation.quantile(errors, 0.9):.1%} "
            f"of {len(errors)} cells; advice took {statistics.median(walls):.1f} s in the median"
        )
    return "\n".join(lines)


def far_off(trials: list[Trial]) -> str:
    """Returns the cells whose predictions are far off, the worst first."""
    cells = [
        (abs(error), f"{trial.callable} {trial.version} {cell}: {error:+.0%}")
        for trial in trials
        for cell, error in trial.prediction_errors.items()
        if abs(error) > FAR_OFF
    ]
    return "".join(f"  {told}\n" for _, told in sorted(cells, reverse=True))


def as_json(trial: Trial) -> dict[str, Any]:
    """Returns a trial without the report it came from."""
    return {
        **trial._asdict(),
        "advice": str(trial.advice),
        "confidence": trial.advice.confidence,
        "advice_wall_s": trial.advice.wall_s,
        "best": str(trial.best),
    }


def main() -> None:
    """Evaluates every callable on every interpreter."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--conc", type=pathlib.Path, default=pathlib.Path("target/release/conc"))
    parser.add_argument("--python", action="append", metavar="PATH", help="an interpreter; may be repeated")
    parser.add_argument("--only", metavar="NAMES", help="callables, separated by commas")
    parser.add_argument("--seconds-per-cell", type=float, default=0.8)
    parser.add_argument(
        "--option", action="append", default=[], help="an option of advise, as --option=--budget=2s"
    )
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the results")
    options = parser.parse_args()
    options.conc = options.conc.resolve()
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory() as scratch, evaluation.environment(scratch) as environment:
        print(
            f"{'callable':16} {'on':5} {'advised':18} {'best by hand':18}  regret ± error  confidence, wall"
        )
        for python in options.python or [sys.executable]:
            version = evaluation.name_of(python, environment.base)
            for path in evaluation.select(options.only):
                env = environment.of(path, version)
                if env is None:
                    continue
                try:
                    trials.append(evaluate(options, python, version, path, env))
                    print(trials[-1].row, flush=True)
                except Exception as error:
                    print(f"{path.stem:16} {version:5} not evaluated: {error!r}", flush=True)
    if options.json:
        options.json.write_text(json.dumps([as_json(trial) for trial in trials], indent=1))
    if trials:
        print(summary(trials))
        print(f"predictions off by more than {FAR_OFF:.0%}:\n{far_off(trials)}", end="")


if __name__ == "__main__":
    main()
