"""How often the gate of `conc bench` cries wolf, and how often it sees what is there.

    cargo build --release
    python3 benches/gate.py target/release/conc                  # 20 comparisons of the build with itself
    python3 benches/gate.py target/release/conc --loaded         # the same with one CPU kept busy
    python3 benches/gate.py target/release/conc --stored         # with a stored run instead of side by side
    python3 benches/gate.py target/release/conc --slower 0.10    # a workload with 10% more CPU work

Every comparison of a suite is one line; the last lines count verdicts per metric.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import pathlib
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

Results = list[dict[str, Any]]

WORKLOAD = """
name = "work"
tasks = 2000
[[step]]
kind = "cpu"
kernel = "{kernel}"
work = "{work_us}us"
[[step]]
kind = "sleep"
for = "{wait_us}us"
"""

# A workload that computes, one that does both; microseconds of each.
SLOWED = [("sha256", 4000, 0), ("json-parse", 1000, 4000)]


def bench(conc: str, arguments: Sequence[str], directory: str) -> Results:
    """Runs `conc bench`."""
    command = [conc, "bench", "--json", *arguments]
    done = subprocess.run(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    results: Results = json.loads(done.stdout)["results"]
    return results


def write(directory: str, name: str, kernel: str, work_us: int, wait_us: int) -> None:
    """Writes a workload file; without a wait it has one step."""
    text = WORKLOAD.format(kernel=kernel, work_us=work_us, wait_us=max(wait_us, 1))
    if wait_us == 0:
        text = text[: text.index('[[step]]\nkind = "sleep"')]
    (pathlib.Path(directory) / name).write_text(text)


def same(conc: str, options: argparse.Namespace, directory: str) -> Iterator[Results]:
    """Compares the suite with itself, again and again."""
    suite = [*options.workloads, "--budget", options.budget]
    if options.stored:
        bench(conc, [*suite, "--save-baseline", "baseline.json"], directory)
    against = ["--baseline", "baseline.json"] if options.stored else ["--reference-bin", conc]
    for number in range(options.repeats):
        yield bench(conc, [*suite, *against, "--seed", str(number + 1)], directory)


def slower(conc: str, options: argparse.Namespace, directory: str) -> Iterator[Results]:
    """Compares workloads with the same ones with less to do."""
    for number in range(options.repeats):
        results: Results = []
        for kernel, work_us, wait_us in SLOWED:
            write(directory, "before.toml", kernel, work_us, wait_us)
            write(directory, "after.toml", kernel, round(work_us * (1 + options.slower)), wait_us)
            arguments = ["after.toml", "--reference", "before.toml", "--budget", options.budget]
            results += bench(conc, [*arguments, "--seed", str(number + 1)], directory)
        yield results


def spin() -> None:
    """Keeps a CPU busy."""
    while True:
        pass


def main() -> None:
    """Runs the comparisons and counts verdicts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("conc")
    parser.add_argument("workloads", nargs="*", help="default: every sample")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--budget", default="1s")
    parser.add_argument("--loaded", action="store_true")
    parser.add_argument("--stored", action="store_true")
    parser.add_argument("--slower", type=float, default=0.0)
    options = parser.parse_args()
    conc = str(pathlib.Path(options.conc).resolve())
    metrics: collections.Counter[tuple[str, str]] = collections.Counter()
    workloads: collections.Counter[str] = collections.Counter()
    load = multiprocessing.Process(target=spin, daemon=True)
    if options.loaded:
        load.start()
    with tempfile.TemporaryDirectory() as directory:
        compare = slower if options.slower else same
        for number, results in enumerate(compare(conc, options, directory), 1):
            gates = [(result["workload"]["name"], result["gate"]) for result in results]
            workloads.update(gate["verdict"] for _, gate in gates)
            metrics.update((m["metric"], m["verdict"]) for _, gate in gates for m in gate["metrics"])
            red = [
                f"{name} {m['metric']} {m['ratio']:.3f}"
                for name, gate in gates
                for m in gate["metrics"]
                if m["verdict"] == "regressed"
            ]
            told = ", ".join(red) or "no red"
            print(f"{number}: {len(gates)} workloads, {told}", flush=True)
    print("workloads:", dict(workloads))
    for metric in sorted({metric for metric, _ in metrics}):
        print(f"{metric}:", {verdict: n for (m, verdict), n in metrics.items() if m == metric})


if __name__ == "__main__":
    main()
