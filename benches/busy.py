"""Whether the advice holds still while other programs use half of the machine.

    python3 benches/busy.py --conc target/release/conc                       # the sample web-scraper
    python3 benches/busy.py --conc target/release/conc tasks.py:fetch --python python3.14

Runs `conc advise` twenty times while half of the CPUs are kept busy, then measures every configuration that
was recommended without that load, in interleaved rounds. A run passes if it says that its confidence is low,
or if it belongs to the largest group of runs with one family of strategies and throughputs within 10% of one
another.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import pathlib
import statistics
import sys

import evaluation
from evaluation import Advice, Configuration

WITHIN = 0.10
FAMILIES = {"work-stealing": "threads", "uvloop": "async", "interpreters": "processes"}


def spin() -> None:
    """Keeps a CPU busy."""
    while True:
        pass


def under_load(conc: pathlib.Path, workload: list[str], runs: int) -> list[Advice]:
    """Asks for advice again and again while half of the CPUs are busy."""
    cpus = len(os.sched_getaffinity(0))
    load = [multiprocessing.Process(target=spin, daemon=True) for _ in range(max(1, cpus // 2))]
    for process in load:
        process.start()
    print(f"{len(load)} of {cpus} CPUs are kept busy")
    advice = []
    try:
        for number in range(runs):
            advice.append(evaluation.advise(conc, [*workload, "--seed", str(number + 1)], dict(os.environ)))
            confidence = advice[-1].confidence or "no confidence told"
            print(f"{number + 1:3} {advice[-1]!s:20} {confidence:20} {advice[-1].wall_s:5.1f} s", flush=True)
    finally:
        for process in load:
            process.kill()
    return advice


def in_quiet(
    conc: pathlib.Path, workload: list[str], cells: set[Configuration], rounds: int
) -> dict[Configuration, float]:
    """Measures configurations in interleaved rounds and returns the median throughput of each."""
    rates: dict[Configuration, float] = {}
    strategies = ",".join(sorted({cell.strategy for cell in cells}))
    widths = ",".join(str(width) for width in sorted({cell.width for cell in cells}))
    options = ["--exhaustive", "--runs", str(rounds), "--strategy", strategies, "--width", widths]
    measured = evaluation.advise(conc, [*workload, *options], dict(os.environ), limit_s=600)
    for cell in measured.report.get("cells", []):
        batches = [batch["throughput_per_s"] for batch in cell["rounds"]]
        if batches:
            rates[evaluation.configuration_of(cell)] = statistics.median(batches)
    return rates


def family(cell: Configuration) -> str:
    """Returns the strategy that programs of this kind are called by."""
    return FAMILIES.get(cell.strategy, cell.strategy)


def agreeing(advised: list[Configuration], rates: dict[Configuration, float]) -> int:
    """Returns the size of the largest group of one family whose throughputs are within 10%."""
    groups = [
        sum(
            family(cell) == family(top) and (1 - WITHIN) * rates[top] <= rates.get(cell, 0.0) <= rates[top]
            for cell in advised
        )
        for top in set(advised) & set(rates)
    ]
    return max(groups, default=0)


def main() -> None:
    """Runs under load, measures in quiet, and counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "workload", nargs="?", default="web-scraper", help="what `conc advise` is asked about"
    )
    parser.add_argument("--conc", type=pathlib.Path, default=pathlib.Path("target/release/conc"))
    parser.add_argument("--python", metavar="PATH", help="the interpreter of a callable")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=6, help="batches of each configuration in quiet")
    options = parser.parse_args()
    conc = options.conc.resolve()
    workload = [options.workload, *(["--python", options.python] if options.python else [])]

    advice = under_load(conc, workload, options.runs)
    certain = [run.configuration for run in advice if run.configuration and run.confidence != "low"]
    cells = {run.configuration for run in advice if run.configuration}
    if not cells:
        sys.exit("nothing was recommended")
    rates = in_quiet(conc, workload, cells, options.rounds)
    counts = collections.Counter(str(run) for run in advice)
    print("\nrecommended            runs   in quiet, tasks/s")
    for cell in sorted(cells):
        rate = f"{rates[cell]:12.1f}" if cell in rates else "     not measured"
        print(f"{cell!s:20} {counts[str(cell)]:6} {rate}")
    is_low = sum(run.confidence == "low" for run in advice)
    passed = is_low + agreeing(certain, rates)
    families = collections.Counter(family(run.configuration) for run in advice if run.configuration)
    print(f"families: {', '.join(f'{name} {count}' for name, count in families.most_common())}")
    print(f"low confidence: {is_low}; one family and within {WITHIN:.0%}, or low: {passed} of {len(advice)}")


if __name__ == "__main__":
    main()
