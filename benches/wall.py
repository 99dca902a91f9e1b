"""How long two builds of conc take for the same advice, and whether it is the same.

    python3 benches/wall.py --base old/conc --new target/release/conc

Runs `conc advise` of both builds on every sample and on every callable of `benches/callables`, in alternating
order.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import evaluation
from evaluation import Advice, Environment

Workload = tuple[str, list[str], dict[str, str]]


def workloads(options: argparse.Namespace, environment: Environment) -> Iterator[Workload]:
    """Returns the name, the arguments, and the variables of each workload."""
    if not options.only:
        told = subprocess.run([options.base, "list"], capture_output=True, text=True, check=True).stdout
        for line in told.splitlines():
            yield line.split()[0], [line.split()[0]], environment.base
    for python in options.python or [sys.executable]:
        version = evaluation.name_of(python, environment.base)
        for path in evaluation.select(options.only):
            env = environment.of(path, version)
            if env is not None:
                yield f"{path.stem} {version}", [f"{path}:task", "--python", python], env


def compare(options: argparse.Namespace, workload: Workload) -> tuple[float, list[Advice], list[Advice]]:
    """Returns the ratio of the wall times of a workload, new to base, and what both builds said."""
    _, arguments, env = workload
    said: dict[pathlib.Path, list[Advice]] = {options.base: [], options.new: []}
    for number in range(options.pairs):
        for build in list(said)[:: 1 if number % 2 else -1]:
            said[build].append(evaluation.advise(build, arguments, env))
    base, new = said[options.base], said[options.new]
    ratios = [after.wall_s / before.wall_s for before, after in zip(base, new)]
    return statistics.geometric_mean(ratios), base, new


def seconds(advice: list[Advice]) -> float:
    """Returns the median wall time."""
    return statistics.median(run.wall_s for run in advice)


def described(advice: list[Advice]) -> str:
    """Returns what was advised, each answer once."""
    return " or ".join(dict.fromkeys(f"{run} {run.confidence}".strip() for run in advice))


def main() -> None:
    """Compares the builds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=pathlib.Path, required=True)
    parser.add_argument("--new", type=pathlib.Path, default=pathlib.Path("target/release/conc"))
    parser.add_argument("--python", action="append", metavar="PATH", help="an interpreter; may be repeated")
    parser.add_argument("--only", metavar="NAMES", help="these callables, and no sample")
    parser.add_argument("--pairs", type=int, default=2, help="runs of each build on each workload")
    options = parser.parse_args()
    options.base, options.new = options.base.resolve(), options.new.resolve()
    ratios, walls = [], []
    print(f"{'workload':24} {'base':>7} {'new':>7} {'ratio':>6}  advice of base | of new")
    with tempfile.TemporaryDirectory() as scratch, evaluation.environment(scratch) as environment:
        for workload in workloads(options, environment):
            ratio, base, new = compare(options, workload)
            ratios.append(ratio)
            walls.append((seconds(base), seconds(new)))
            times = f"{seconds(base):5.1f} s {seconds(new):5.1f} s {ratio:5.2f}x"
            print(f"{workload[0]:24} {times}  {described(base)} | {described(new)}", flush=True)
    medians = [statistics.median(times) for times in zip(*walls)]
    print(
        f"wall time of {len(ratios)} workloads, new to base: median {statistics.median(ratios):.2f}x, "
        f"90th percentile {evaluation.quantile(ratios, 0.9):.2f}x; in the median {medians[0]:.1f} s and "
        f"{medians[1]:.1f} s"
    )


if __name__ == "__main__":
    main()
