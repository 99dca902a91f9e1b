"""How far the shares that `conc profile` reports are from those of programs of known duty.

    python3 benches/truth.py --conc target/release/conc --draws 500 --seed 1            # on a quiet machine
    python3 benches/truth.py --conc target/release/conc --draws 500 --seed 1 --loaded   # every CPU loaded

Draws programs (`truth_program.py`): a CPU share, kinds of waits, phases, trees of 1 to 200 processes and
threads. Each measures its own CPU time; a wait ends when the server here says so. The distance of two
distributions over computing and the kinds of waits is half of the sum of the differences (total variation).
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import heapq
import json
import math
import multiprocessing
import os
import pathlib
import random
import select
import socket
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PROGRAM = pathlib.Path(__file__).with_name("truth_program.py")
KINDS = ["sleep", "network", "pipe", "lock"]
# Kinds of waits of which many workers can each have their own.
MANY_KINDS = ["sleep", "network"]
SHAPES = ["alone", "phases", "together", "apart", "children"]
IO_BOUND_UP_TO, CPU_BOUND_FROM = 0.35, 0.75
MAX_WORKERS = 200


class LockHandler(socketserver.StreamRequestHandler):
    """Holds a lock for a program that waits for it."""

    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        """Tells for each request when the lock was taken and when it was released."""
        for line in self.rfile:
            with open(self.server.lock_file, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                self.wfile.write(now())
                time.sleep(float(line))
                ended = now()
            self.wfile.write(ended)


class Server(socketserver.ThreadingTCPServer):
    """The server that programs wait for, outside their process trees."""

    daemon_threads = True

    def __init__(self, directory: pathlib.Path) -> None:
        super().__init__(("127.0.0.1", 0), LockHandler)
        self.lock_file = directory / "lock"
        self.lock_file.touch()
        self.fifos = [directory / "asked", directory / "answered"]
        for fifo in self.fifos:
            os.mkfifo(fifo)
        self.packets = socket.socket(type=socket.SOCK_DGRAM)
        self.packets.bind(("127.0.0.1", 0))
        for serve in (self.serve_forever, self.serve_pipes, self.serve_packets):
            threading.Thread(target=serve, daemon=True).start()

    def serve_pipes(self) -> None:
        """Ends waits for a pipe, of one program after another."""
        while True:
            with (
                open(self.fifos[0], "rb", buffering=0) as asked,
                open(self.fifos[1], "wb", buffering=0) as answered,
                contextlib.suppress(BrokenPipeError),
            ):
                while line := asked.readline():
                    time.sleep(float(line))
                    answered.write(now())

    def serve_packets(self) -> None:
        """Ends waits for a packet, of any number of workers at once."""
        due: list[tuple[float, Any]] = []
        while True:
            while due and due[0][0] <= time.monotonic():
                self.packets.sendto(now(), heapq.heappop(due)[1])
            left = due[0][0] - time.monotonic() if due else None
            if select.select([self.packets], [], [], None if left is None else max(0.0, left))[0]:
                seconds, address = self.packets.recvfrom(64)
                heapq.heappush(due, (time.monotonic() + float(seconds), address))


def now() -> bytes:
    """Returns the time of the monotonic clock as a line."""
    return f"{time.monotonic():.9f}\n".encode()


@dataclass
class Draw:
    """A program: its shape and its segments."""

    shape: str
    segments: list[dict[str, Any]]


def segment(cpu_s: float, wait_s: float, **more: Any) -> dict[str, Any]:
    """Returns a segment of one worker that takes one turn in user mode and sleeps, unless told otherwise."""
    usual = {"workers": 1, "how": "processes", "turns": 1, "mode": "user", "kind": "sleep"}
    return {**usual, "cpu_s": cpu_s, "wait_s": wait_s, **more}


def turns(seconds: float, chance: random.Random) -> int:
    """Returns the number of turns of 4 to 200 ms."""
    return max(1, round(seconds / math.exp(chance.uniform(math.log(0.004), math.log(0.2)))))


def draw(seed: int, number: int) -> Draw:
    """Draws a program."""
    chance = random.Random(f"{seed} {number}")
    shape = SHAPES[number % len(SHAPES)]
    if shape == "alone":
        wall_s, duty = chance.uniform(1.5, 3), chance.uniform(0, 1)
        more = {"kind": chance.choice(KINDS), "turns": turns(wall_s, chance)}
        return Draw(shape, [segment(wall_s * duty, wall_s * (1 - duty), **more)])
    if shape == "phases":
        segments = []
        for i in range(chance.choice([2, 3])):
            seconds = chance.uniform(0.5, 1.5)
            computes = segment(seconds, 0, mode=chance.choice(["user", "system"]))
            segments.append(computes if i % 2 else segment(0, seconds, kind=chance.choice(KINDS)))
        chance.shuffle(segments)
        return Draw(shape, segments)
    if shape == "children":
        return Draw(shape, [segment(chance.uniform(0.3, 1.2), chance.uniform(0.3, 1.5), how="children")])
    workers = round(math.exp(chance.uniform(math.log(2), math.log(MAX_WORKERS))))
    more = {
        "workers": workers,
        "how": chance.choice(["processes", "threads"]),
        "kind": chance.choice(MANY_KINDS),
    }
    if shape == "together":
        return Draw(shape, [segment(chance.uniform(0.3, 2) / workers, chance.uniform(0.3, 1.5), **more)])
    # Between these loads of the CPUs, queues decide how often they are all in use.
    cpus = len(os.sched_getaffinity(0))
    load = chance.uniform(0.05, 0.6) if chance.random() < 0.7 else chance.uniform(3, 5)
    duty = min(0.95, load * cpus / workers)
    wall_s = min(chance.uniform(1.5, 2.5), 4 * cpus / (workers * duty))
    more["turns"] = min(turns(wall_s, chance), max(1, round(wall_s * duty / 0.002)))
    return Draw(shape, [segment(wall_s * duty, wall_s * (1 - duty), **more)])


def true_shares(truth: dict[str, Any], shape: str, cpus: float) -> dict[str, float]:
    """Returns the shares of computing and of the kinds of waits of the program alone on its CPUs.

    Workers that take turns on their own count by what each of them does, unless they use up the CPUs.
    """
    # The start of the interpreter and of the workers.
    own_s = truth["cpu_s"] - sum(report[0] for part in truth["segments"] for report in part["reports"])
    seconds = {"computing": max(0.0, own_s), **dict.fromkeys(KINDS, 0.0)}
    for part in truth["segments"]:
        count = len(part["reports"])
        cpu_s, *waits_s = [sum(figures) / count for figures in zip(*part["reports"])]
        computing_s, wait_s = cpu_s * count / min(cpus, count), sum(waits_s)
        factor = 1.0
        if shape == "apart":
            took_s = max(cpu_s + wait_s, computing_s)
            computing_s = max(cpu_s / (cpu_s + wait_s) * took_s, cpu_s * count / cpus)
            factor = (took_s - computing_s) / wait_s
        seconds["computing"] += computing_s
        for kind, waited_s in zip(KINDS, waits_s):
            seconds[kind] += waited_s * factor
    total_s = sum(seconds.values())
    return {name: value / total_s for name, value in seconds.items()}


def reported_shares(profile: dict[str, Any]) -> dict[str, float]:
    """Returns the shares that a profile reports."""
    computing: float = profile["cpu_fraction"]
    waits = {name: share * (1 - computing) for name, share in profile["waits"].items()}
    return {"computing": computing, **waits}


def distance(a: dict[str, float], b: dict[str, float]) -> float:
    """Returns the total variation distance."""
    return sum(abs(a.get(name, 0.0) - b.get(name, 0.0)) for name in {*a, *b}) / 2


def class_of(computing: float) -> str:
    """Returns the class of a program whose kernel time is none of I/O."""
    if computing >= CPU_BOUND_FROM:
        return "cpu-bound"
    return "io-bound" if computing <= IO_BOUND_UP_TO else "mixed"


@dataclass
class Result:
    """What became of one draw."""

    shape: str
    distance: float
    is_wrong: bool
    is_sure: bool


def run(conc: pathlib.Path, server: Server, directory: pathlib.Path, drawn: Draw, label: str) -> Result:
    """Profiles a program, compares, and prints a line."""
    plan = {
        "host": server.server_address[0],
        "port": server.server_address[1],
        "packets": server.packets.getsockname()[1],
        "lock": str(server.lock_file),
        "fifos": [str(fifo) for fifo in server.fifos],
        "segments": drawn.segments,
    }
    plan_file, truth_file = directory / "plan.json", directory / "truth.json"
    plan_file.write_text(json.dumps(plan), encoding="utf-8")
    truth_file.unlink(missing_ok=True)
    program = [sys.executable, "-I", str(PROGRAM), str(plan_file), str(truth_file)]
    command = [str(conc), "profile", "--json", "--runs", "1", "--", *program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        sys.exit(f"{label}: {done.stderr or done.stdout}")
    document = json.loads(done.stdout)
    profile = document["profile"]
    truth = true_shares(json.loads(truth_file.read_text()), drawn.shape, document["host"]["cpus_effective"])
    found = reported_shares(profile)
    far = distance(truth, found)
    is_wrong = profile.get("class") != class_of(truth["computing"])
    confidence = profile["confidence"]
    first = drawn.segments[0]
    what = f"{drawn.shape} {first['workers']} {first['how'] if first['workers'] > 1 else ''}"
    main = max((name for name in found if name != "computing"), key=lambda name: found[name])
    print(
        f"{label:>5} {what:24} computing {truth['computing']:.2f}, reported {found['computing']:.2f} {main:8}"
        f" distance {far:.3f} {profile.get('class')} ({confidence}){' WRONG' if is_wrong else ''}",
        flush=True,
    )
    return Result(drawn.shape, far, is_wrong, confidence == "high")


def spin() -> None:
    """Keeps a CPU busy."""
    while True:
        pass


@contextlib.contextmanager
def load(is_loaded: bool) -> Iterator[None]:
    """Keeps every CPU busy meanwhile, if asked for."""
    count = len(os.sched_getaffinity(0)) if is_loaded else 0
    spinners = [multiprocessing.Process(target=spin, daemon=True) for _ in range(count)]
    for spinner in spinners:
        spinner.start()
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()


def summary(name: str, results: list[Result]) -> str:
    """Returns a line with the distances and the wrong classes of some draws."""
    far = sorted(result.distance for result in results)
    high = far[min(len(far) - 1, math.ceil(0.95 * len(far)) - 1)]
    wrong = [result for result in results if result.is_wrong]
    sure = sum(result.is_sure for result in wrong)
    return (
        f"{name:9} {len(far):4} draws: distance {statistics.median(far):.3f} in the median,"
        f" {high:.3f} at 95%; {len(wrong)} wrong, {sure} at high confidence"
    )


def main() -> None:
    """Draws, profiles, compares and sums up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--conc", type=pathlib.Path, default=pathlib.Path("target/release/conc"))
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first", help="number of the first draw")
    parser.add_argument("--shape", choices=SHAPES, help="only programs of this shape")
    parser.add_argument("--loaded", action="store_true", help="keep every CPU busy meanwhile")
    options = parser.parse_args()
    conc = options.conc.resolve()
    numbers = range(options.first, options.first + options.draws)
    draws = [(number, draw(options.seed, number)) for number in numbers]
    results = []
    with tempfile.TemporaryDirectory() as name, load(options.loaded):
        directory = pathlib.Path(name)
        server = Server(directory)
        for number, drawn in draws:
            if options.shape in (None, drawn.shape):
                results.append(run(conc, server, directory, drawn, str(number)))
    print()
    for shape in SHAPES:
        of_shape = [result for result in results if result.shape == shape]
        if of_shape:
            print(summary(shape, of_shape))
    if results:
        print(summary("all", results))


if __name__ == "__main__":
    main()
