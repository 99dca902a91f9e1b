#!/usr/bin/env bash
# fasteners' InterProcessLock: two threads hold it at once, and the one that lets go first lets other processes in.
#
# Guess:     a lock that keeps processes apart keeps threads with a lock object each apart too, as portalocker does.
# Version:   fasteners 0.20, portalocker 4.4.2, CPython 3.11.7, Linux
# Behaviour: fasteners takes record locks (fcntl), which belong to the process. A second object on the same file, in
#            whatever thread, is granted at once. When it is closed, the kernel drops all locks of the process on that
#            file: another process gets in while the first thread believes that it still holds the lock. portalocker
#            takes flock, which belongs to the open file.
# Output:    fasteners: second thread gets it True, afterwards another process True; portalocker: False, False
# Date:      2026-11-28
# Source:    seen by running it; the documentation names fcntl and calls the lock not reentrant, and leaves threads out
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check fasteners==0.20 portalocker==4.4.2
cat >"$scratch/holders.py" <<'PY'
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import fasteners
import portalocker


def with_fasteners(path):
    lock = fasteners.InterProcessLock(path)
    return lock if lock.acquire(blocking=False) else None


def with_portalocker(path):
    lock = portalocker.Lock(path, timeout=0)
    try:
        lock.acquire()
    except portalocker.LockException:
        return None
    return lock


TAKERS = {"fasteners": with_fasteners, "portalocker": with_portalocker}


def takes(name, path):
    """Whether the lock is granted to the caller, who lets go of it again."""
    lock = TAKERS[name](path)
    if lock is not None:
        lock.release()
    return lock is not None


def other_process(name, path):
    answer = subprocess.run([sys.executable, __file__, name, path], stdout=subprocess.PIPE, check=True, text=True)
    return answer.stdout.strip() == "True"


if len(sys.argv) == 3:
    print(takes(*sys.argv[1:]))
    sys.exit()
seen = {}
for name, take in TAKERS.items():
    path = f"{sys.argv[1]}/{name}"
    held = take(path)
    assert not other_process(name, path), "the comparison has changed"
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(takes, name, path).result()
    seen[name] = (second, other_process(name, path))
    held.release()
print(
    "fasteners: second thread gets it {}, afterwards another process {}; portalocker: {}, {}".format(
        *seen["fasteners"], *seen["portalocker"]
    )
)
assert seen["portalocker"] == (False, False), "the comparison has changed"
assert seen["fasteners"] == (True, True), "threads now exclude one another"
PY
"$scratch/venv/bin/python" "$scratch/holders.py" "$scratch"
