"""Compares `conc advise -- PROGRAM {width}` with a sweep by hyperfine, over programs that have such a flag.

For each program, in one sitting: an exhaustive sweep of widths 1 to 8 in random order, `conc advise`
over the same widths, `hyperfine -P width 1 8 -r 5`, and the sweep again. The two sweeps together are the
truth; the regret of an answer is how much longer its width takes than the best one, by the means of the
sweeps. Programs with two numbers are swept over 1, 2 and 4 processes too.

    python3 benches/own_flag.py target/release/conc [--rounds 5] [--only NAME,NAME] [--json FILE]
    python3 benches/own_flag.py --list

Programs that are not installed are left out and named. `python3` in a command is the interpreter that runs
this script, so that one of a virtual environment with pytest, pytest-xdist and numpy runs all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

WIDTHS = range(1, 9)
PROCESSES = (1, 2, 4)
C_FILES = 60
C_FUNCTIONS = 12


@dataclass(frozen=True)
class Cell:
    """The values of one run."""

    width: int
    processes: int | None = None

    def __str__(self) -> str:
        return str(self.width) if self.processes is None else f"{self.processes}x{self.width}"


@dataclass(frozen=True)
class Program:
    """A command with {width} in it."""

    name: str
    command: str
    needs: str
    prepare: str | None = None
    metric: str | None = None
    python_modules: tuple[str, ...] = field(default=())

    @property
    def cells(self) -> list[Cell]:
        """Every set of values that is compared."""
        if "{processes}" not in self.command:
            return [Cell(width) for width in WIDTHS]
        return [Cell(width, processes) for processes in PROCESSES for width in WIDTHS]


PROGRAMS = (
    Program("make", "make -s -C cproject -j{width}", "make", prepare="make -s -C cproject clean"),
    Program(
        "pytest-cpu",
        "python3 -m pytest -q -p no:cacheprovider -n {width} cpu_tests",
        "python3",
        python_modules=("pytest", "xdist"),
    ),
    Program(
        "pytest-sleep",
        "python3 -m pytest -q -p no:cacheprovider -n {width} sleep_tests",
        "python3",
        python_modules=("pytest", "xdist"),
    ),
    Program("xz", "xz -2 -T{width} --block-size=1MiB -k -f -c data.bin", "xz"),
    Program("zstd", "zstd -q -9 -T{width} -f -o data.zst data.bin", "zstd"),
    Program("pigz", "pigz -p {width} -k -f -c data.bin", "pigz"),
    Program("sort", "sort --parallel={width} -S 64M -o sorted.txt lines.txt", "sort"),
    Program(
        "ffmpeg",
        "ffmpeg -v error -y -threads {width} -f lavfi -i testsrc2=s=640x360:d=4 -c:v libx264"
        " -threads {width} -f null -",
        "ffmpeg",
    ),
    Program(
        "numpy",
        "env OMP_NUM_THREADS={width} OPENBLAS_NUM_THREADS={width} python3 matmul.py",
        "python3",
        python_modules=("numpy",),
    ),
    Program("xargs-sleep", "sh sleeps.sh {width}", "xargs"),
    Program(
        "stress-ng",
        "stress-ng --cpu {width} --cpu-method int64 --timeout 1s --metrics-brief",
        "stress-ng",
        metric=r"cpu +[0-9]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +([0-9.]+)",
    ),
    Program("deaf", "sh deaf.sh {width}", "sh"),
    Program("lock", "python3 lock.py {width}", "python3"),
    Program("two-sleeps", "python3 grid.py {processes} {width}", "python3"),
    Program("xargs-pigz", "sh ranks.sh {processes} {width}", "pigz"),
)

GRID = """
import sys, time
time.sleep(0.05 + 0.04 * abs(int(sys.argv[1]) - 2) + 0.03 * abs(int(sys.argv[2]) - 4))
"""

LOCK = """
import sys, threading, time
LOCK, LEFT = threading.Lock(), list(range(40))
def work():
    while True:
        with LOCK:
            if not LEFT:
                return
            LEFT.pop()
            time.sleep(0.01)
        time.sleep(0.03)
threads = [threading.Thread(target=work) for _ in range(int(sys.argv[1]))]
[t.start() for t in threads]
[t.join() for t in threads]
"""

MATMUL = """
import numpy
a = numpy.random.default_rng(1).random((900, 900))
for _ in range(6):
    a = a @ a
    a /= abs(a).max()
"""


def write_inputs(place: Path) -> None:
    """Writes everything that the programs work on."""
    project = place / "cproject"
    project.mkdir()
    body = "".join(
        f"double f{k}(double x) {{ for (int i = 0; i < 99; i++) x = x * {k}.5 + i / (x + {k}); return x; }}\n"
        for k in range(C_FUNCTIONS)
    )
    for number in range(C_FILES):
        (project / f"part{number}.c").write_text(body.replace("double f", f"double part{number}_f"))
    (project / "Makefile").write_text(
        "OBJECTS = $(patsubst %.c,%.o,$(wildcard *.c))\nall: $(OBJECTS)\n%.o: %.c\n\tgcc -O2 -c -o $@ $<\n"
        "clean:\n\trm -f *.o\n"
    )
    for name, line in (("cpu", "sum(i * i for i in range(400_000))"), ("sleep", "time.sleep(0.1)")):
        directory = place / f"{name}_tests"
        directory.mkdir()
        tests = "".join(f"def test_{i}():\n    {line}\n" for i in range(16))
        (directory / f"test_{name}.py").write_text(f"import time\n{tests}")
    rng = random.Random(1)
    words = [rng.randbytes(rng.randint(3, 12)).hex() for _ in range(4000)]
    text = " ".join(rng.choice(words) for _ in range(1_500_000)).encode()
    (place / "data.bin").write_bytes(text[: 12 << 20])
    (place / "lines.txt").write_text("".join(f"{rng.random()} {rng.choice(words)}\n" for _ in range(600_000)))
    (place / "sleeps.sh").write_text("seq 16 | xargs -P $1 -I{} sleep 0.1\n")
    (place / "deaf.sh").write_text("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done\n")
    (place / "lock.py").write_text(LOCK)
    (place / "matmul.py").write_text(MATMUL)
    (place / "grid.py").write_text(GRID)
    for number in range(8):
        (place / f"chunk{number}.bin").write_bytes(text[number << 20 : (number + 1) << 20])
    (place / "ranks.sh").write_text("printf '%s\\n' chunk*.bin | xargs -P $1 -n 1 pigz -p $2 -k -f\n")


def is_installed(program: Program) -> bool:
    """Returns whether the program and its modules are there."""
    if shutil.which(program.needs) is None:
        return False
    modules = "import " + ", ".join(program.python_modules) if program.python_modules else "pass"
    return subprocess.run([sys.executable, "-c", modules], capture_output=True, check=False).returncode == 0


def timed(program: Program, cell: Cell, place: Path) -> float:
    """Returns the seconds of one run, or the reciprocal of its metric."""
    if program.prepare:
        subprocess.run(program.prepare, shell=True, cwd=place, check=True, stdout=subprocess.DEVNULL)
    command = program.command.replace("{width}", str(cell.width)).replace("{processes}", str(cell.processes))
    begun = time.perf_counter()
    ran = subprocess.run(
        command,
        shell=True,
        cwd=place,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if program.metric else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if program.metric else subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - begun
    if program.metric is None:
        return seconds
    found = re.search(program.metric, ran.stdout.decode())
    if found is None:
        raise ValueError(f"{program.name} printed no metric: {ran.stdout.decode()}")
    return 1.0 / float(found.group(1))


def sweep(program: Program, rounds: int, place: Path) -> dict[Cell, list[float]]:
    """Runs every cell in every round, in random order."""
    times: dict[Cell, list[float]] = {cell: [] for cell in program.cells}
    for number in range(rounds):
        order = list(times)
        random.Random(number).shuffle(order)
        for cell in order:
            times[cell].append(timed(program, cell, place))
    return times


def listed_processes(program: Program) -> list[str]:
    """Returns the option for the numbers of processes; the same for both programs."""
    return ["-L", "processes", ",".join(map(str, PROCESSES))] if "{processes}" in program.command else []


def ask_conc(conc: str, program: Program, place: Path) -> tuple[Cell, float, int, str]:
    """Returns the recommended cell, the wall seconds of the advice, its number of runs and its confidence."""
    command = [conc, "advise", "--json", "--width", "1-8", *listed_processes(program)]
    if program.prepare:
        command += ["--prepare", program.prepare]
    if program.metric:
        command += ["--metric", program.metric]
    begun = time.perf_counter()
    ran = subprocess.run(
        [*command, "--", *program.command.split()], cwd=place, check=True, capture_output=True
    )
    seconds = time.perf_counter() - begun
    flag = json.loads(ran.stdout)["flag"]
    advice = flag["recommendation"]
    return Cell(advice["width"], advice["processes"]), seconds, int(flag["runs"]), str(advice["confidence"])


def ask_hyperfine(program: Program, place: Path) -> tuple[Cell, float]:
    """Returns the cell with the lowest mean, and the wall seconds of the sweep."""
    out = place / "hyperfine.json"
    command = ["hyperfine", "-N", *listed_processes(program)]
    # Its two kinds of parameters exclude each other.
    widths = ["-L", "width", ",".join(map(str, WIDTHS))] if len(command) > 2 else ["-P", "width", "1", "8"]
    command += [*widths, "-r", "5", "--export-json", str(out)]
    if program.prepare:
        command += ["--prepare", program.prepare]
    begun = time.perf_counter()
    subprocess.run([*command, program.command], cwd=place, check=True, capture_output=True)
    seconds = time.perf_counter() - begun
    results = json.loads(out.read_text())["results"]
    best = min(results, key=lambda result: float(result["mean"]))["parameters"]
    processes = best.get("processes")
    return Cell(int(best["width"]), None if processes is None else int(processes)), seconds


def evaluate(conc: str, program: Program, rounds: int, place: Path) -> dict[str, object]:
    """Measures one program."""
    before = sweep(program, rounds, place)
    advised, seconds, runs, confidence = ask_conc(conc, program, place)
    other, other_seconds = ask_hyperfine(program, place)
    after = sweep(program, rounds, place)
    truth = {cell: statistics.fmean(before[cell] + after[cell]) for cell in program.cells}
    best = min(truth, key=lambda cell: truth[cell])
    return {
        "name": program.name,
        "best": str(best),
        "best_s": truth[best],
        "advised": str(advised),
        "confidence": confidence,
        "regret": truth[advised] / truth[best] - 1,
        "seconds": seconds,
        "runs": runs,
        "hyperfine_best": str(other),
        "hyperfine_regret": truth[other] / truth[best] - 1,
        "hyperfine_seconds": other_seconds,
        "share": seconds / other_seconds,
    }


def main() -> None:
    """Prints a row for each program and the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("conc", nargs="?")
    parser.add_argument("--list", action="store_true", help="print the names of the programs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    if arguments.list or arguments.conc is None:
        print("\n".join(f"{program.name:13} {program.command}" for program in PROGRAMS))
        return
    conc = os.path.abspath(arguments.conc)
    only = [name for name in arguments.only.split(",") if name]
    unknown = set(only) - {program.name for program in PROGRAMS}
    if unknown:
        parser.error(f"no program is called {', '.join(sorted(unknown))}; --list prints all")
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        write_inputs(place)
        print("program       best  conc  regret confidence  runs    time  hyperfine  regret    time  share")
        for program in PROGRAMS:
            if only and program.name not in only:
                continue
            if not is_installed(program):
                print(f"{program.name:13} not installed")
                continue
            row = evaluate(conc, program, arguments.rounds, place)
            rows.append(row)
            print(
                f"{row['name']:13} {row['best']:>4} {row['advised']:>5} {row['regret']:7.1%}"
                f" {row['confidence']:>10} {row['runs']:5} {row['seconds']:6.1f}s"
                f" {row['hyperfine_best']:>10} {row['hyperfine_regret']:7.1%}"
                f" {row['hyperfine_seconds']:6.1f}s {row['share']:6.2f}",
                flush=True,
            )
    shares = [float(str(row["share"])) for row in rows]
    good = sum(float(str(row["regret"])) <= 0.05 for row in rows)
    if rows:
        print(
            f"within 5% of the best: {good} of {len(rows)}; median share of hyperfine's time: "
            f"{statistics.median(shares):.2f}"
        )
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
