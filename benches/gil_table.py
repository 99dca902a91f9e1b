"""The profile's verdict on what threads do to one another, beside library calls that were measured by hand.

    python3.11 benches/gil_table.py --conc target/release/conc
    python3.11 benches/gil_table.py --conc target/release/conc --more --only json,re

Installs the versions of `src/evidence/data/gil.csv` for this interpreter, writes a module for every row
(`gil_rows.py` has the code), runs `conc profile --json` on it, and compares the verdict. The table was
measured with CPython 3.11.7 on two CPUs. Its speed-ups from 1.0 to 1.3 can fall on either side of a limit:
there the neighbouring verdicts agree too. `--more` takes the rows of `gil_rows_more.py` instead.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import pathlib
import sys
import sysconfig
import tempfile
from typing import NamedTuple

import evaluation
import gil_rows
import gil_rows_more
from gil_rows_more import STANDARD

# The verdicts of conc that agree with the table's, which takes a lock of the library for the GIL.
AGREE = {
    "holds": {"holds", "locked"},
    "thrashes": {"thrashing"},
    "partly": {"partly"},
    "releases": {"releases"},
    "internal": {"own-threads"},
}
NEIGHBOURS = {"holds", "locked", "thrashing", "partly"}
WEAK_SPEEDUPS = (0.97, 1.3)


class Comparison(NamedTuple):
    """A row, the table's verdict, and that of the profile."""

    row: gil_rows.Row
    table: dict[str, str]
    verdict: str
    speedup: float | None

    @property
    def agrees(self) -> bool:
        """Whether the profile says what was measured."""
        expected = AGREE[self.table["verdict"]]
        measured = self.table["speedup"]
        if measured and WEAK_SPEEDUPS[0] <= float(measured) <= WEAK_SPEEDUPS[1]:
            expected = expected | NEIGHBOURS
        return self.verdict in expected

    def __str__(self) -> str:
        speedup = "" if self.speedup is None else f"{self.speedup:.2f}x"
        told = f"{self.table['verdict']:9} {self.table['speedup'] or '-':5} {self.verdict:12} {speedup:6}"
        call = f"{self.row.library}: {self.row.call}, {self.row.input}"
        return f"{'  ' if self.agrees else 'NO'} {told} {call}"


def table(source: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """Returns the rows that were measured in some way, by library, call and input."""
    with open(evaluation.HERE.parent / "src/evidence/data/gil.csv", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["source"] == source]
    return {(line["library"], line["call"], line["input"]): line for line in lines}


def module(row: gil_rows.Row) -> str:
    """Returns the source of a module whose task is the call."""
    body = f"    for _ in range({row.times}):\n        {row.expression}\n"
    prelude = gil_rows.PRELUDE + (gil_rows_more.PRELUDE if row in gil_rows_more.ROWS else "")
    return f"{prelude}\n{row.setup}\n\nitems = range(200)\n\ndef task(item):\n{body}"


def profile(conc: pathlib.Path, path: pathlib.Path, env: dict[str, str]) -> tuple[str, float | None]:
    """Returns the verdict of a profile and the measured speed-up of threads."""
    command = [str(conc), "profile", "--json", f"{path}:task", "--python", sys.executable]
    output, error = evaluation.run(command, 120, env)
    try:
        threads = json.loads(output)["profile"]["python"]["two_threads"]
    except (ValueError, KeyError, TypeError):
        return error or "no profile", None
    return (threads["verdict"], threads["speedup"]) if threads else ("not measured", None)


def packages(rows: list[gil_rows.Row], lines: dict[tuple[str, str, str], dict[str, str]]) -> list[str]:
    """Returns what pip is to install for the rows."""
    versions = {(row.library, lines[row[:3]]["version"]) for row in rows}
    return sorted(f"{library}=={version}" for library, version in versions if library not in STANDARD)


def install(wanted: list[str], directory: pathlib.Path) -> set[str]:
    """Installs packages, one by one if not all can be had; returns the libraries that are missing."""
    version = sysconfig.get_python_version()
    missing: set[str] = set()
    if not wanted or not evaluation.install(wanted, version, directory):
        return missing
    for package in wanted:
        error = evaluation.install([package], version, directory)
        if error:
            missing.add(package.split("==")[0])
            print(f"skipped {package}: {error}", flush=True)
    return missing


def main() -> None:
    """Profiles every row and prints the share that agrees."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--conc", type=pathlib.Path, default=pathlib.Path("target/release/conc"))
    parser.add_argument("--only", metavar="LIBRARIES", help="libraries, separated by commas")
    parser.add_argument("--more", action="store_true", help="rows that gil_measure.py measured")
    options = parser.parse_args()
    conc = options.conc.resolve()
    lines = table("gil_measure.py" if options.more else "by hand")
    only = options.only.split(",") if options.only else None
    every = gil_rows_more.ROWS if options.more else gil_rows.ROWS
    rows = [row for row in every if row[:3] in lines and (only is None or row.library in only)]
    compared = []
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        missing = install(packages(rows, lines), directory / "packages")
        env = {**os.environ, "PYTHONPATH": str(directory / "packages")}
        for number, row in enumerate(rows):
            if row.library in missing:
                continue
            path = directory / f"row_{number}.py"
            path.write_text(module(row))
            compared.append(Comparison(row, lines[row[:3]], *profile(conc, path, env)))
            print(compared[-1], flush=True)
    agreeing = sum(comparison.agrees for comparison in compared)
    unclear = sum(comparison.verdict == "unclear" for comparison in compared)
    share = agreeing / len(compared) if compared else 0.0
    print(f"{agreeing} of {len(compared)} agree ({share:.0%}); {unclear} unclear")


if __name__ == "__main__":
    main()
