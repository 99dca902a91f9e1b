#!/usr/bin/env python3
"""Whether anything grows: many runs on half a CPU and 256 MB, while another program comes and goes.

    python3 benches/soak.py --conc target/release/conc                # 200 runs
    python3 benches/soak.py --conc target/debug/conc --runs 20

Needs root and control groups (either version). The group counts what the kernel keeps for the runs: nothing
but the page cache may be left in it at the end. Processes, zombies, open files of the machine, temporary
files, shared memory and the files of the cache are counted before and after each eighth of the runs. Some
commands get a signal after 0.3 s. Exits with 1 if a run ends in a status that is not documented, or anything
is left that was not there before.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

ROOT = pathlib.Path("/sys/fs/cgroup")
MEMORY_BYTES = 256 << 20
CPU_PERIOD_US = 100_000
CPU_QUOTA_US = 50_000
# Documented statuses, and those of the signals that some runs get.
STATUSES = {0, 1, 2, 3, 4, 130, 129, 143}
# The machine opens and closes files for others too: growth below this is theirs.
OTHERS_FILES = 64
# A run under a limit and a signal ends within this time, in seconds, or it hangs.
PATIENCE_S = 120.0

TASKS = """
import time
items = [f"item {i}" for i in range(12)]
def nap(item):
    time.sleep(0.002)
    return item
def fails(item):
    raise ValueError(item)
def dies(item):
    import os
    os._exit(3)
def eats(item):
    return len(bytearray(400 << 20))
async def awaits(item):
    import asyncio
    await asyncio.sleep(0.001)
"""
NAP = "tasks = 40\n[[step]]\nkind = 'sleep'\nfor = '1ms'\n"
WEB = """
tasks = 40
[[step]]
kind = 'http'
url = 'fixture:/page/{item}'
[fixture]
latency = { median = '1ms', p99 = '2ms' }
"""
COMMANDS = [
    ["advise", "nap.toml", "--budget", "500ms", "--json"],
    ["advise", "web.toml", "--budget", "500ms", "--json"],
    ["advise", "tasks.py:nap", "--budget", "500ms", "--json"],
    ["advise", "tasks.py:awaits", "--budget", "500ms", "--json"],
    ["advise", "tasks.py:eats", "--budget", "500ms", "--tasks", "3", "--json"],
    ["advise", "--budget", "500ms", "--json", "--", "true"],
    ["bench", "nap.toml", "--budget", "500ms", "--save-baseline", "base.json"],
    ["bench", "nap.toml", "--budget", "500ms", "--reference", "sequential"],
    ["profile", "--json", "--", "sh", "-c", "sleep 0.1 & wait"],
    ["profile", "web.toml", "--json"],
    ["check", "tasks.py:nap", "--tasks", "2", "--json"],
    ["check", "tasks.py:dies", "--tasks", "2", "--json"],
    ["run", "-j4", "--json", "tasks.py:nap"],
    ["run", "-j4", "--json", "tasks.py:fails"],
    ["run", "-j4", "--json", "--", "sh", "-c", "sleep 0.01; echo {}", ":::", "a", "b", "c", "d", "e", "f"],
    ["run", "-j4", "--json", "--timeout", "100ms", "--", "sleep", "{}", ":::", "0.01", "5", "6"],
    ["run", "-j2", "--journal", "journal", "--resume", "--", "true", ":::", "a", "b"],
    ["explain", "gil"],
]


class Group:
    """A control group with a limit on CPU time and memory."""

    def __init__(self, name: str) -> None:
        """Makes the group, in whichever version the machine has."""
        if (ROOT / "cgroup.controllers").exists():
            self.directories = [ROOT / name]
            limits = {"cpu.max": f"{CPU_QUOTA_US} {CPU_PERIOD_US}", "memory.max": str(MEMORY_BYTES)}
        else:
            self.directories = [ROOT / "cpu" / name, ROOT / "memory" / name]
            limits = {
                "cpu.cfs_period_us": str(CPU_PERIOD_US),
                "cpu.cfs_quota_us": str(CPU_QUOTA_US),
                "memory.limit_in_bytes": str(MEMORY_BYTES),
            }
        for directory in self.directories:
            directory.mkdir()
        for file, value in limits.items():
            for directory in self.directories:
                if (directory / file).exists():
                    (directory / file).write_text(value)

    def enter(self) -> None:
        """Puts the calling process into the group."""
        for directory in self.directories:
            (directory / "cgroup.procs").write_text(str(os.getpid()))

    def processes(self) -> list[str]:
        """Returns the processes in the group."""
        return sorted(
            {
                pid
                for directory in self.directories
                for pid in (directory / "cgroup.procs").read_text().split()
            }
        )

    def held_bytes(self) -> int:
        """Returns what the kernel keeps for the group without the page cache, which it may drop."""
        text = (self.directories[-1] / "memory.stat").read_text()
        stat = {key: int(value) for key, value in (line.split() for line in text.splitlines())}
        return stat.get("anon", stat.get("rss", 0)) + stat.get("shmem", 0)

    def remove(self) -> None:
        """Removes the group, as soon as the last process is gone."""
        for directory in self.directories:
            directory.rmdir()


class Counts(NamedTuple):
    """What may grow."""

    processes: int
    zombies: int
    open_files: int
    temporary_files: int
    shared_memory: int
    cache_files: int
    held_mib: float


def states() -> collections.Counter[str]:
    """Returns the processes of the machine by their state."""
    found: collections.Counter[str] = collections.Counter()
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            found[stat.read_text().rpartition(")")[2].split()[0]] += 1
    return found


def files_below(directory: pathlib.Path) -> int:
    """Returns the number of files in a directory and below."""
    return sum(1 for _ in directory.rglob("*"))


def count(group: Group, scratch: pathlib.Path) -> Counts:
    """Counts what may grow."""
    open_files = int(pathlib.Path("/proc/sys/fs/file-nr").read_text().split()[0])
    return Counts(
        len(group.processes()),
        states()["Z"],
        open_files,
        files_below(scratch / "tmp"),
        files_below(pathlib.Path("/dev/shm")),
        files_below(scratch / "cache"),
        round(group.held_bytes() / (1 << 20), 1),
    )


def come_and_go(group: Group, is_over: threading.Event) -> None:
    """Runs another program in the group, for a while, again and again."""
    while not is_over.wait(random.uniform(0.2, 1.0)):
        other = subprocess.Popen(["sh", "-c", "while :; do :; done"], preexec_fn=group.enter)
        is_over.wait(random.uniform(0.2, 1.0))
        other.kill()
        other.wait()


@contextlib.contextmanager
def company(group: Group) -> Iterator[None]:
    """Has another program come and go meanwhile."""
    is_over = threading.Event()
    thread = threading.Thread(target=come_and_go, args=(group, is_over))
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def run(conc: pathlib.Path, words: list[str], group: Group, scratch: pathlib.Path) -> str | None:
    """Runs a command; returns what is wrong with its end."""
    environment = os.environ | {"TMPDIR": str(scratch / "tmp"), "XDG_CACHE_HOME": str(scratch / "cache")}
    with open(scratch / "said", "w+b") as said:
        process = subprocess.Popen(
            [conc, *words],
            cwd=scratch / "work",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            preexec_fn=group.enter,
        )
        if random.random() < 0.25:
            time.sleep(0.3)
            process.send_signal(random.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
        try:
            status = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"{words}: it hangs"
        said.seek(0)
        text = said.read().decode(errors="replace")
    if status < 0:
        status = 128 - status
    # The kernel may kill a process of a group that is out of memory; conc itself stays small.
    if status not in STATUSES or "panicked" in text:
        return f"{words}: status {status}: {text[-400:]}"
    return None


def main() -> int:
    """Runs the commands and prints the counts."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--conc", type=pathlib.Path, required=True)
    arguments.add_argument("--runs", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    random.seed(options.seed)
    conc = options.conc.resolve()
    group = Group(f"conc-soak-{os.getpid()}")
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as directory:
        scratch = pathlib.Path(directory)
        for name in ("tmp", "cache", "work"):
            (scratch / name).mkdir()
        (scratch / "work/tasks.py").write_text(TASKS)
        (scratch / "work/nap.toml").write_text(NAP)
        (scratch / "work/web.toml").write_text(WEB)
        (scratch / "work/journal").write_text("")
        # The first runs fill the cache of calibrations.
        for words in COMMANDS:
            run(conc, words, group, scratch)
        before = count(group, scratch)
        print(f"{'':>10} " + " ".join(f"{name:>16}" for name in Counts._fields))
        print(f"{'before':>10} " + " ".join(f"{value:>16}" for value in before))
        begun = time.monotonic()
        done = 0
        while done < options.runs:
            part = min(max(options.runs // 8, 1), options.runs - done)
            with company(group):
                for _ in range(part):
                    told = run(conc, random.choice(COMMANDS), group, scratch)
                    wrong += [told] if told else []
            done += part
            now = count(group, scratch)
            print(f"{done:>10} " + " ".join(f"{value:>16}" for value in now), flush=True)
        print(f"{done} runs in {time.monotonic() - begun:.0f} s")
    limits = before._replace(open_files=before.open_files + OTHERS_FILES)
    grown = [name for name, value, most in zip(Counts._fields, now, limits) if value > most]
    if grown:
        wrong.append(f"grown: {', '.join(grown)}")
    group.remove()
    for told in wrong:
        print(told, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
