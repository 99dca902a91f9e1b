"""Whether the programs that conc prints do what it measured.

    python3 benches/promise.py --conc target/release/conc --python python3.11 --python python3.14

Asks for a strategy at a width, takes every program of the answer, and then measures that configuration again
with the programs in turn: `conc advise --prepare` runs them before each batch, so that batch and programs see
the same machine. The throughput of a batch counts the start of its strategy and not that of an interpreter,
and so does the time that a program prints itself; those for a shell print none and are timed from the
outside. One run more records what every task returned, to be compared with a plain loop in the same
interpreter.

Without `--all`, each workload is run on one of the interpreters, with the strategy that is predicted to be
the fastest and one of the others, in turn.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import evaluation
from evaluation import Configuration
from promise_cell import Cell, Outcome
from promise_rust import RustProject
from promise_workloads import WIDTHS, Workload, workloads

KEPT, GOOD_MEDIAN = 0.85, 0.95
MOST_WIDTH = 64

# Seconds that one run of a program should take, and bounds of the number of tasks.
RUN_S = 0.35
TASKS = (40, 60_000)


class Setting(NamedTuple):
    """A workload on an interpreter."""

    workload: Workload
    python: str
    version: str
    env: dict[str, str]


def settings(
    options: argparse.Namespace, environment: evaluation.Environment, pythons: dict[str, str]
) -> Iterator[Setting]:
    """Returns the workloads, each with an interpreter or with all."""
    named = options.only.split(",") if options.only else None
    known = workloads()
    unknown = set(named or ()) - {workload.name for workload in known}
    if unknown:
        sys.exit(f"no such workload: {', '.join(sorted(unknown))}")
    for number, workload in enumerate(known):
        if named is not None and workload.name not in named:
            continue
        versions = list(pythons)
        if not (options.all and workload.is_python) and not named:
            versions = [versions[(number + options.turn) % len(versions)]]
        for version in versions if workload.is_python or not named else versions[:1]:
            env = environment.of(pathlib.Path(workload.name), version)
            if env is not None:
                yield Setting(workload, pythons[version], version, env)


def predicted(conc: pathlib.Path, setting: Setting, directory: pathlib.Path) -> dict[Configuration, float]:
    """Returns for each strategy the width that is predicted to be the fastest, the fastest strategy first."""
    arguments = setting.workload.lay_out(directory, None)
    command = [
        str(conc),
        "advise",
        "--json",
        "--predict-only",
        *setting.workload.interpreter(setting.python),
        *arguments,
    ]
    output, error = evaluation.run(command, 90, setting.env, directory)
    if error:
        print(f"{setting.workload.name:17} {setting.version:5} no prediction: {error}", flush=True)
        return {}
    best: dict[str, tuple[float, Configuration]] = {}
    for found in json.loads(output)["cells"]:
        cell, per_s = evaluation.configuration_of(found), found["predicted_per_s"] or 0.0
        if cell.width > MOST_WIDTH or not per_s:
            continue
        # A wider cell has to be worth it.
        if cell.strategy not in best or per_s > 1.03 * best[cell.strategy][0]:
            best[cell.strategy] = (per_s, cell)
    width = WIDTHS.get(setting.workload.name)
    if width:
        best = {
            name: (
                per_s,
                cell if cell.strategy in ("sequential", "processes") else cell._replace(width=width),
            )
            for name, (per_s, cell) in best.items()
        }
    return {cell: per_s for per_s, cell in sorted(best.values(), reverse=True)}


def chosen(options: argparse.Namespace, number: int, cells: Sequence[Configuration]) -> list[Configuration]:
    """Returns the cells to run: all, those of a strategy, or the fastest and one of the others."""
    if options.strategy:
        wanted = options.strategy.split(",")
        return [
            Configuration(cell.strategy, options.width or cell.width)
            for cell in cells
            if cell.strategy in wanted
        ]
    if options.all or options.only:
        return list(cells)
    others = cells[1:]
    return [*cells[:1], *([others[(number + options.turn) % len(others)]] if others else [])]


def tasks_for(cell: Configuration, per_s: float) -> int:
    """Returns the number of tasks that keep a cell busy for some time."""
    least, most = TASKS
    return int(min(most, max(least, 4 * cell.width, RUN_S * per_s)))


def cells_of(
    options: argparse.Namespace, number: int, setting: Setting, scratch: pathlib.Path
) -> Iterator[Cell]:
    """Asks conc for the cells of a workload, and returns those that it prints programs for."""
    place = scratch / f"{setting.workload.name}-{setting.version}"
    best = predicted(options.conc, setting, place / "predicted")
    per_s = {cell.strategy: value for cell, value in best.items()}
    for cell in chosen(options, number, list(best)):
        tasks = tasks_for(cell, per_s[cell.strategy])
        asked = Cell(options.conc, *setting, cell, tasks)
        problem = asked.ask(place / cell.strategy, options.languages.split(","))
        if problem:
            print(f"{asked.title} {problem}", flush=True)
        else:
            yield asked


def outcomes_of(
    options: argparse.Namespace, environment: evaluation.Environment, scratch: pathlib.Path
) -> Iterator[Outcome]:
    """Runs every program of every workload."""
    pythons = {
        evaluation.name_of(path, environment.base): path for path in options.python or [sys.executable]
    }
    rust = RustProject(evaluation.HERE.parent)
    for number, setting in enumerate(settings(options, environment, pythons)):
        cells = list(cells_of(options, number, setting, scratch))
        rust.build([program for cell in cells for program in cell.programs])
        for cell in cells:
            yield from cell.measure(options.pairs, KEPT)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Returns a line for all programs, and one for each strategy, language and interpreter."""
    groups: dict[str, list[Outcome]] = {"all": list(outcomes)}
    for outcome in outcomes:
        for group in (outcome.cell.cell.strategy, outcome.language, outcome.cell.version):
            groups.setdefault(group, []).append(outcome)
    lines = [f"{'':14} programs  median  under {KEPT}  other outputs  wrong exit code  over a rate"]
    for group, members in groups.items():
        ratios = [member.ratio for member in members if member.ratio is not None]
        median = f"{statistics.median(ratios):5.2f}x" if ratios else "     -"
        low = sum(ratio < KEPT for ratio in ratios) + len(members) - len(ratios)
        differ = sum(member.outputs == "differ" for member in members)
        wrong = sum(bool(member.wrong) for member in members)
        over = sum(member.exceeds for member in members)
        lines.append(f"{group:14} {len(members):8} {median:>7} {low:11} {differ:14} {wrong:16} {over:12}")
    return "\n".join(lines)


def main() -> None:
    """Runs every printed program beside its cell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--conc", type=pathlib.Path, default=pathlib.Path("target/release/conc"))
    parser.add_argument("--python", action="append", metavar="PATH", help="an interpreter; may be repeated")
    parser.add_argument("--only", metavar="NAMES", help="these workloads, on every interpreter")
    parser.add_argument("--strategy", metavar="NAMES", help="these strategies, separated by commas")
    parser.add_argument("--width", type=int, help="of --strategy, instead of the width predicted to be best")
    parser.add_argument("--languages", default="python,rust,shell", help="languages, separated by commas")
    parser.add_argument("--pairs", type=int, default=3, help="batches and runs of a program")
    parser.add_argument("--all", action="store_true", help="every strategy on every interpreter")
    parser.add_argument("--turn", type=int, default=0, help="another choice of what runs where")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="keep programs and reports")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the results")
    options = parser.parse_args()
    options.conc = options.conc.resolve()
    outcomes: list[Outcome] = []
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary, evaluation.environment(temporary) as environment:
        scratch = options.keep.resolve() if options.keep else pathlib.Path(temporary) / "cells"
        print(
            f"{'workload':17} {'on':5} {'cell':16} {'program':42} ratio  outputs exit  tasks, batch | program"
        )
        for outcome in outcomes_of(options, environment, scratch):
            outcomes.append(outcome)
            print(outcome.row, flush=True)
    if options.json:
        options.json.write_text(json.dumps([outcome.as_json() for outcome in outcomes], indent=1))
    if outcomes:
        print(summary(outcomes))
    print(f"took {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
