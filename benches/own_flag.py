"""Compares `conc advise -- PROGRAM {width}` with a sweep by hyperfine, over programs that have such a flag.

For each program, in one sitting: an exhaustive sweep of widths 1 to 8 in random order, `conc advise`
over the same widths, `hyperfine -P width 1 8 -r 5`, and the sweep again. The two sweeps together are the
truth; the regret of an answer is how much longer its width takes than the best one, by the means of the
sweeps.

    python3 benches/own_flag.py target/release/conc [--rounds 5] [--only NAME,NAME] [--json FILE]

Programs that are not installed are left out and named.
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
C_FILES = 60
C_FUNCTIONS = 12


@dataclass(frozen=True)
class Program:
    """A command with {width} in it."""

    name: str
    command: str
    needs: str
    prepare: str | None = None
    metric: str | None = None
    python_modules: tuple[str, ...] = field(default=())


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
)

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


def is_installed(program: Program) -> bool:
    """Returns whether the program and its modules are there."""
    if shutil.which(program.needs) is None:
        return False
    modules = "import " + ", ".join(program.python_modules) if program.python_modules else "pass"
    return subprocess.run([sys.executable, "-c", modules], capture_output=True, check=False).returncode == 0


def timed(program: Program, width: int, place: Path) -> float:
    """Returns the seconds of one run, or the reciprocal of its metric."""
    if program.prepare:
        subprocess.run(program.prepare, shell=True, cwd=place, check=True, stdout=subprocess.DEVNULL)
    command = program.command.replace("{width}", str(width))
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


def sweep(program: Program, rounds: int, place: Path) -> dict[int, list[float]]:
    """Runs every width in every round, in random order."""
    times: dict[int, list[float]] = {width: [] for width in WIDTHS}
    for number in range(rounds):
        order = list(WIDTHS)
        random.Random(number).shuffle(order)
        for width in order:
            times[width].append(timed(program, width, place))
    return times


def ask_conc(conc: str, program: Program, place: Path) -> tuple[int, float, int]:
    """Returns the recommended width, the wall seconds of the whole advice, and its number of runs."""
    command = [conc, "advise", "--json", "--width", "1-8"]
    if program.prepare:
        command += ["--prepare", program.prepare]
    if program.metric:
        command += ["--metric", program.metric]
    begun = time.perf_counter()
    ran = subprocess.run(
        [*command, "--", *program.command.split()], cwd=place, check=True, capture_output=True
    )
    flag = json.loads(ran.stdout)["flag"]
    return int(flag["recommendation"]["width"]), time.perf_counter() - begun, int(flag["runs"])


def ask_hyperfine(program: Program, place: Path) -> tuple[int, float]:
    """Returns the width with the lowest mean, and the wall seconds of the sweep."""
    out = place / "hyperfine.json"
    command = ["hyperfine", "-N", "-P", "width", "1", "8", "-r", "5", "--export-json", str(out)]
    if program.prepare:
        command += ["--prepare", program.prepare]
    begun = time.perf_counter()
    subprocess.run([*command, program.command], cwd=place, check=True, capture_output=True)
    seconds = time.perf_counter() - begun
    results = json.loads(out.read_text())["results"]
    best = min(results, key=lambda result: float(result["mean"]))
    return int(best["parameters"]["width"]), seconds


def evaluate(conc: str, program: Program, rounds: int, place: Path) -> dict[str, object]:
    """Measures one program."""
    before = sweep(program, rounds, place)
    width, seconds, runs = ask_conc(conc, program, place)
    other, other_seconds = ask_hyperfine(program, place)
    after = sweep(program, rounds, place)
    truth = {width: statistics.fmean(before[width] + after[width]) for width in WIDTHS}
    best = min(truth, key=lambda width: truth[width])
    return {
        "name": program.name,
        "best": best,
        "best_s": truth[best],
        "width": width,
        "regret": truth[width] / truth[best] - 1,
        "seconds": seconds,
        "runs": runs,
        "hyperfine_width": other,
        "hyperfine_regret": truth[other] / truth[best] - 1,
        "hyperfine_seconds": other_seconds,
        "share": seconds / other_seconds,
    }


def main() -> None:
    """Prints a row for each program and the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("conc")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    conc = os.path.abspath(arguments.conc)
    only = [name for name in arguments.only.split(",") if name]
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        write_inputs(place)
        print("program       best  conc  regret  runs    time  hyperfine  regret    time  share")
        for program in PROGRAMS:
            if only and program.name not in only:
                continue
            if not is_installed(program):
                print(f"{program.name:13} not installed")
                continue
            row = evaluate(conc, program, arguments.rounds, place)
            rows.append(row)
            print(
                f"{row['name']:13} {row['best']:4} {row['width']:5} {row['regret']:7.1%} {row['runs']:5}"
                f" {row['seconds']:6.1f}s {row['hyperfine_width']:10} {row['hyperfine_regret']:7.1%}"
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
