"""Compares `pipeline` with other strategies, and its stages with widths tuned by hand, on staged workloads.

    python3 benches/pipeline.py [CONC] [WORKLOAD ...]

For each workload of benches/staged: the best configuration of each strategy within a budget, then the advised
stages beside a grid of others, all in one run whose batches alternate. The last column is the throughput of
the advised stages over that of the best ones of the grid.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

STAGED = Path(__file__).parent / "staged"
STRATEGIES = ["pipeline", "hybrid", "async", "threads", "processes"]

# Workers of each stage that a person would try, by the kind of its work.
WAITS, COMPUTES, WRITES = [4, 16, 48], [1, 2, 3], [1, 2, 4]
GRIDS = {
    "fetch_parse_store": [[8, 24, 64], [1, 2], WRITES[:2]],
    "decode_resize_encode": [COMPUTES[:2], COMPUTES[:2], COMPUTES],
    "read_compress_write": [[1, 2], COMPUTES[:2], [1, 2, 4, 8]],
}
ROUNDS = 5


def advise(conc: str, workload: Path, *options: str) -> Any:
    """Returns the document of one run."""
    command = [conc, "advise", str(workload), "--json", "--code", "none", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def label(cell: Any) -> str:
    """Returns the width as users type it."""
    if cell.get("stages"):
        return "+".join(map(str, cell["stages"]["workers"]))
    return f"{cell['width']}x{cell['processes']}" if cell["processes"] else str(cell["width"])


def best(cells: Any, strategy: str) -> Any:
    """Returns the fastest measured configuration of a strategy; None if there is none."""
    own = [cell for cell in cells if cell["strategy"] == strategy and cell["throughput_per_s"]]
    return max(own, key=lambda cell: cell["throughput_per_s"], default=None)


def main() -> None:
    """Prints a row for each workload."""
    conc = sys.argv[1] if len(sys.argv) > 1 else "target/release/conc"
    names = sys.argv[2:] or [name + form for form in ("", "_py") for name in GRIDS]
    print("| workload | " + " | ".join(STRATEGIES) + " | advised stages | best by hand | share |")
    print("|---" * (len(STRATEGIES) + 4) + "|")
    for name in names:
        workload = STAGED / f"{name}.toml"
        report = advise(conc, workload, "--strategy", ",".join(STRATEGIES), "--budget", "8s")
        row = []
        for strategy in STRATEGIES:
            cell = best(report["cells"], strategy)
            row.append(f"{cell['throughput_per_s']:.0f} ({label(cell)})" if cell else "-")
        alone = advise(conc, workload, "--strategy", "pipeline", "--budget", "5s")
        advised = label(alone["recommendation"])
        if "+" not in advised:
            advised = label(best(alone["cells"], "pipeline"))
        grid = ["+".join(map(str, widths)) for widths in itertools.product(*GRIDS[name.removesuffix("_py")])]
        widths = ",".join(dict.fromkeys([advised, *grid]))
        tuned = advise(conc, workload, "--width", widths, "--runs", str(ROUNDS))["cells"]
        by_label = {label(cell): cell["throughput_per_s"] for cell in tuned if cell["strategy"] == "pipeline"}
        winner = max(by_label, key=lambda width: by_label[width] or 0.0)
        share = by_label[advised] / by_label[winner]
        row += [f"{by_label[advised]:.0f} ({advised})", f"{by_label[winner]:.0f} ({winner})", f"{share:.2f}"]
        print(f"| {name} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
