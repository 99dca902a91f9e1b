#!/usr/bin/env bash
# filelock's AsyncFileLock: tasks that share one lock object are all inside at once.
#
# Guess:     `async with lock` lets one task in at a time, as asyncio.Lock does, and FileLock does with threads.
# Version:   filelock 4.3.1, CPython 3.11.7, Linux
# Behaviour: the lock can be taken again by whoever holds it, and the holder is the object, not the task. So the second
#            task only counts up and enters. One object per task excludes; so does one FileLock shared by threads, which
#            keeps its state for each thread.
# Output:    inside at once, of 3: tasks with one object 3, tasks with an object each 1, threads with one object 1
# Date:      2026-11-28
# Source:    seen by running it; the documentation calls the locks recursive, and says nothing of tasks
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check filelock==4.3.1
cat >"$scratch/inside.py" <<'PY'
import asyncio
import sys
import threading
import time
from pathlib import Path

from filelock import AsyncFileLock, FileLock

SCRATCH = Path(sys.argv[1])


class Inside:
    now = most = 0

    def __enter__(self):
        self.now += 1
        self.most = max(self.most, self.now)

    def __exit__(self, *_):
        self.now -= 1


async def tasks(locks):
    inside = Inside()

    async def work(lock):
        async with lock:
            with inside:
                await asyncio.sleep(0.5)

    await asyncio.gather(*map(work, locks))
    return inside.most


def threads(lock):
    inside = Inside()

    def work():
        with lock, inside:
            time.sleep(0.5)

    started = [threading.Thread(target=work) for _ in range(3)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return inside.most


shared = asyncio.run(tasks([AsyncFileLock(SCRATCH / "shared")] * 3))
apart = asyncio.run(tasks([AsyncFileLock(SCRATCH / "apart") for _ in range(3)]))
plain = threads(FileLock(SCRATCH / "plain"))
print(
    f"inside at once, of 3: tasks with one object {shared}, tasks with an object each {apart}, "
    f"threads with one object {plain}"
)
assert apart == plain == 1, "the comparison has changed"
assert shared > 1, "tasks now exclude one another"
PY
"$scratch/venv/bin/python" "$scratch/inside.py" "$scratch"
